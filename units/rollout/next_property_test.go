package rollout

import (
	"flag"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/clusterctl/clusterctl/units"
)

// worlds is how many random worlds each property is held against. The race
// detector makes them ten times slower and finds nothing in pure functions:
// run more with -worlds 100000 and without -race.
var worlds = flag.Int("worlds", 4000, "random worlds for each property of the step function")

// each plays so many worlds, and names the seed of one that fails.
func each(t *testing.T, play func(*world)) {
	t.Helper()
	for seed := range uint64(*worlds) {
		w := newWorld(t, seed)
		func() {
			defer func() {
				if t.Failed() {
					t.Logf("seed %d", seed)
				}
			}()
			play(w)
		}()
		if t.Failed() {
			t.FailNow()
		}
	}
}

func deaths(w *world) int { return w.random.IntN(5) }

func TestNext_NeverBelowTheFloorAndAlwaysEnds(t *testing.T) {
	ends := make(map[Phase]int)
	each(t, func(w *world) {
		w.play(deaths(w))
		ends[w.run.Phase]++
	})
	for _, phase := range []Phase{Complete, RolledBack, Failed} {
		if ends[phase] == 0 {
			t.Errorf("no world ended as %s, so that end was not tried: %v", phase, ends)
		}
	}
}

func TestNext_CompleteMeansThatEveryWorkerWasMoved(t *testing.T) {
	each(t, func(w *world) {
		w.play(deaths(w))
		if w.run.Phase != Complete {
			return
		}
		for _, instance := range w.run.Workers {
			worker, step := w.worker(instance), w.run.Steps[instance]
			if !worker.ActiveState.Serving() || worker.InvocationID == step.Before || w.seen.Releases[instance] != w.run.Release {
				t.Fatalf("complete, but worker %s is %s, start %s (before: %s), release %q", instance, worker.ActiveState, worker.InvocationID, step.Before, w.seen.Releases[instance])
			}
		}
		requireNoSurge(t, w)
	})
}

func requireNoSurge(t *testing.T, w *world) {
	t.Helper()
	for _, instance := range w.run.Surge {
		if state := w.worker(instance).ActiveState; !state.Down() {
			t.Fatalf("over as %s, and the worker %s beyond the usual number is %s", w.run.Phase, instance, state)
		}
	}
}

func TestNext_RolledBackMeansThatNoWorkerHoldsTheBadRelease(t *testing.T) {
	each(t, func(w *world) {
		w.play(deaths(w))
		if w.run.Phase != RolledBack {
			return
		}
		for _, instance := range w.run.Workers {
			if release := w.seen.Releases[instance]; release == newRelease {
				t.Fatalf("rolled back, and worker %s is on the release that was taken back", instance)
			}
			if w.touched[instance] && !w.worker(instance).ActiveState.Serving() {
				t.Fatalf("rolled back, and worker %s is %s", instance, w.worker(instance).ActiveState)
			}
		}
		requireNoSurge(t, w)
	})
}

func TestNext_ARollbackTouchesOnlyWhatTheRolloutTouched(t *testing.T) {
	each(t, func(w *world) {
		w.play(deaths(w))
		for instance := range w.run.Back {
			if w.run.Steps[instance].ID == 0 {
				t.Fatalf("worker %s went back, and was never moved", instance)
			}
		}
	})
}

func TestNext_AReleaseThatAlwaysFailsTouchesOneBatch(t *testing.T) {
	each(t, func(w *world) {
		w.bad, w.meddle = 100, 0
		w.play(0)
		if w.run.Phase != Failed && w.run.Phase != RolledBack {
			t.Fatalf("a release that always fails ends as %s", w.run.Phase)
		}
		moved := len(w.run.touched())
		if len(w.run.Surge) > 0 && moved > 0 {
			t.Fatalf("the worker beyond the usual number failed, and %d others were touched", moved)
		}
		if most := w.run.Policy.Unavailable(len(w.run.Workers)); moved > most {
			t.Fatalf("%d workers touched, MaxUnavailable=%d", moved, most)
		}
	})
}

func TestNext_AReleaseThatFailsIsTakenBackWhenItCanBe(t *testing.T) {
	each(t, func(w *world) {
		w.crash = 0
		for i := range w.seen.Workers {
			if slices.Contains(w.run.Workers, w.seen.Workers[i].Instance) {
				w.seen.Workers[i].ActiveState = units.Active // else the floor may forbid it
			}
		}
		w.play(deaths(w))
		if w.run.Release != "" && w.run.Policy.AutoRollback && w.run.Phase == Failed {
			t.Fatalf("not taken back: %s", Describe(w.run))
		}
	})
}

func TestNext_WithoutFaultsTheBatchesAreThePlan(t *testing.T) {
	each(t, func(w *world) {
		w.bad, w.crash, w.meddle = 0, 0, 0
		plan := Plan(w.run, w.seen)
		w.play(0)
		if w.run.Phase != Complete {
			t.Fatalf("without faults it ends as %s: %s", w.run.Phase, w.run.Message)
		}
		if got, want := outline(w.batches), outline(plan); got != want {
			t.Fatalf("did\n%s\nplanned\n%s", got, want)
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
	each(t, func(w *world) {
		first, second := Next(w.run, w.seen, w.now), Next(w.run, w.seen, w.now)
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("%+v and then %+v", first, second)
		}
	})
}

func TestNext_OnlyDeadEnginesAreNoFault(t *testing.T) {
	each(t, func(w *world) {
		w.bad, w.crash, w.meddle = 0, 0, 0
		w.play(deaths(w) + 1)
		if w.run.Phase != Complete {
			t.Fatalf("nothing but engines died, and it ends as %s: %s", w.run.Phase, w.run.Message)
		}
	})
}

// The canary is the first batch, and nothing follows it before its time.
func TestNext_TheCanaryIsHeld(t *testing.T) {
	each(t, func(w *world) {
		w.bad, w.crash, w.meddle = 0, 0, 0
		n := len(w.run.Workers)
		size := w.run.Policy.CanarySize(n)
		if size == 0 || size == n || w.run.Policy.CanaryHoldSec == 0 {
			return
		}
		for range 1000 {
			decision := w.decide()
			if decision.Phase.Over() {
				t.Fatal("the canary was not held")
			}
			if moved := len(w.run.touched()); moved > size {
				t.Fatalf("%d workers were moved, and the canary of %d was not held", moved, size)
			}
			if decision.Phase == Held {
				if updated := Updated(w.run); updated != size {
					t.Fatalf("held with %d workers updated, wanted %d", updated, size)
				}
				return
			}
			w.happen(decision.Wake)
		}
		t.Fatal("the rollout neither ends nor holds")
	})
}
