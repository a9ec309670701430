package rollout

import (
	"flag"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/clusterctl/clusterctl/units"
)

// worlds is how many random worlds the safety rules are held against, all
// properties together. The race detector makes them ten times slower and finds
// nothing in pure functions: run more with -worlds 100000 and without -race.
var worlds = flag.Int("worlds", 12_000, "random worlds for the properties of the step function")

// each plays a share of the worlds, side by side, and names the seed of one
// that fails.
func each(t *testing.T, share int, play func(*world)) {
	t.Helper()
	count := uint64(*worlds / share)
	players := uint64(runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for first := range players {
		all.Go(func() {
			for seed := first; seed < count && !t.Failed(); seed += players {
				play(newWorld(&seeded{TB: t, seed: seed}, seed))
			}
		})
	}
	all.Wait()
}

// seeded is a test that says which world failed. Its Fatalf ends the goroutine
// of that world; the others see that the test has failed.
type seeded struct {
	testing.TB
	seed uint64
}

func (s *seeded) Fatalf(format string, args ...any) {
	s.TB.Errorf("seed %d: "+format, append([]any{s.seed}, args...)...)
	runtime.Goexit()
}

func deaths(w *world) int { return w.random.IntN(5) }

// The rules of safety_test.go hold in every world, and every rollout ends.
func TestNext_SafeInEveryWorldAndAlwaysEnds(t *testing.T) {
	var mu sync.Mutex
	ends := make(map[Phase]int)
	each(t, 2, func(w *world) {
		w.play(deaths(w))
		mu.Lock()
		defer mu.Unlock()
		ends[w.run.Phase]++
	})
	for _, phase := range []Phase{Complete, RolledBack, Failed} {
		if ends[phase] == 0 {
			t.Errorf("no world ended as %s, so that end was not tried: %v", phase, ends)
		}
	}
}

func TestNext_AReleaseThatAlwaysFailsTouchesOneBatch(t *testing.T) {
	each(t, 8, func(w *world) {
		w.bad, w.badBack, w.crash, w.meddle = 100, 0, 0, 0
		w.play(0)
		if w.run.Phase != Failed && w.run.Phase != RolledBack {
			w.t.Fatalf("a release that always fails ends as %s", w)
		}
		moved := movedWorkers(w.run)
		if len(w.run.Surge) > 0 && moved > 0 {
			w.t.Fatalf("the worker beyond the usual number failed, and %d others were touched\n%s", moved, w)
		}
		if most := max(w.run.Policy.Unavailable(len(w.run.Workers)), 1); moved > most {
			w.t.Fatalf("%d workers touched, MaxUnavailable=%d", moved, most)
		}
	})
}

func movedWorkers(run Run) int {
	moved := 0
	for _, instance := range run.Workers {
		if _, ok := run.Steps[instance]; ok {
			moved++
		}
	}
	return moved
}

func TestNext_AReleaseThatFailsIsTakenBackWhenItCanBe(t *testing.T) {
	each(t, 8, func(w *world) {
		w.crash, w.badBack = 0, 0
		for i := range w.seen.Workers {
			w.seen.Workers[i].ActiveState = units.Active // else the floor may forbid it
		}
		w.play(deaths(w))
		if w.run.Release != "" && w.run.Policy.AutoRollback && w.run.Phase == Failed {
			w.t.Fatalf("not taken back: %s", w)
		}
	})
}

func TestNext_WithoutFaultsTheBatchesAreThePlan(t *testing.T) {
	each(t, 8, func(w *world) {
		w.bad, w.badBack, w.crash, w.meddle = 0, 0, 0, 0
		plan := Plan(w.run, w.seen)
		w.play(0)
		if w.run.Phase != Complete {
			w.t.Fatalf("without faults it ends as %s", w)
		}
		if got, want := outline(w.batches), outline(plan); got != want {
			w.t.Fatalf("did\n%s\nplanned\n%s", got, want)
		}
	})
}

func outline(batches [][]Action) string {
	text := ""
	for _, batch := range batches {
		for _, action := range batch {
			text += fmt.Sprintf("%s %s %s, ", action.Verb, action.Instance, action.Release)
		}
		text += "\n"
	}
	return text
}

func TestNext_SameArgumentsSameAnswer(t *testing.T) {
	each(t, 20, func(w *world) {
		for range w.random.IntN(20) {
			decision := w.decide()
			if decision.Phase.Over() {
				break
			}
			w.happen(decision.Wake)
		}
		first, second := Next(w.run, w.seen, w.now), Next(w.run, w.seen, w.now)
		if !reflect.DeepEqual(first, second) {
			w.t.Fatalf("%+v and then %+v", first, second)
		}
	})
}

func TestNext_OnlyDeadEnginesAreNoFault(t *testing.T) {
	each(t, 8, func(w *world) {
		w.bad, w.badBack, w.crash, w.meddle = 0, 0, 0, 0
		w.play(deaths(w) + 1)
		if w.run.Phase != Complete {
			w.t.Fatalf("nothing but engines died, and it ends as %s", w)
		}
	})
}

// A power cut can take the last lines of a journal along, and leave workers that
// were moved without anybody's word of it.
func TestNext_AJournalThatLostItsEndIsGoneOnWithSafely(t *testing.T) {
	each(t, 8, func(w *world) {
		w.crash = 0
		for range w.random.IntN(20) {
			decision := w.decide()
			if decision.Phase.Over() {
				break
			}
			w.happen(decision.Wake)
		}
		w.die(w.random.IntN(len(w.entries)))
		w.play(1)
	})
}

// The canary is the first batch, and nothing follows it before its time.
func TestNext_TheCanaryIsHeld(t *testing.T) {
	each(t, 20, func(w *world) {
		w.bad, w.badBack, w.crash, w.meddle = 0, 0, 0, 0
		n := len(w.run.Workers)
		size := w.run.Policy.CanarySize(n)
		if size == 0 || size == n || w.run.Policy.CanaryHoldSec == 0 {
			return
		}
		for range 1000 {
			decision := w.decide()
			switch {
			case decision.Phase.Over():
				w.t.Fatalf("the canary was not held")
			case decision.Phase == Held:
				if updated := Updated(w.run); updated != size {
					w.t.Fatalf("held with %d workers updated, wanted %d", updated, size)
				}
				return
			}
			w.happen(decision.Wake)
		}
		w.t.Fatalf("the rollout neither ends nor holds")
	})
}

// One more look must not be needed: what is over is over.
func TestNext_AnEndIsAnEnd(t *testing.T) {
	for _, phase := range []Phase{Complete, RolledBack, Failed, Interrupted} {
		run := Run{Phase: phase, Cause: Cause{Message: "why"}}
		if d := Next(run, Seen{}, run.Progressed); d.Phase != phase || len(d.Do) > 0 || d.Message != "why" {
			t.Errorf("after %s Next says %+v", phase, d)
		}
	}
	if slices.ContainsFunc([]Phase{Progressing, Held, RollingBack}, Phase.Over) {
		t.Error("a phase that goes on is taken for an end")
	}
}
