package rollout

import (
	"fmt"
	"reflect"
	"testing"
)

const worlds = 20_000

func TestNext_NeverBelowTheFloorAndAlwaysEnds(t *testing.T) {
	for seed := range uint64(worlds) {
		w := newWorld(t, seed)
		w.play(int(seed % 5))
		if w.run.Phase == Complete {
			requireAllMoved(t, seed, w)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func requireAllMoved(t *testing.T, seed uint64, w *world) {
	t.Helper()
	for _, worker := range w.seen.Workers {
		step := w.run.Steps[worker.Instance]
		if !worker.ActiveState.Serving() || worker.InvocationID == step.Before {
			t.Errorf("seed %d: complete, but worker %s is %s, start %s (before: %s)", seed, worker.Instance, worker.ActiveState, worker.InvocationID, step.Before)
		}
	}
}

func TestNext_AReleaseThatAlwaysFailsTouchesOneBatch(t *testing.T) {
	for seed := range uint64(worlds) {
		w := newWorld(t, seed)
		w.bad = 100
		w.play(0)
		if w.run.Phase != Failed {
			t.Fatalf("seed %d: a release that always fails ends as %s", seed, w.run.Phase)
		}
		if most := w.run.Policy.Unavailable(len(w.run.Workers)); len(w.touched) > most {
			t.Fatalf("seed %d: %d workers touched, MaxUnavailable=%d", seed, len(w.touched), most)
		}
	}
}

func TestNext_WithoutFaultsTheBatchesAreThePlan(t *testing.T) {
	for seed := range uint64(worlds / 4) {
		w := newWorld(t, seed)
		w.bad, w.crash = 0, 0
		plan := Batches(w.run, w.seen)
		w.play(0)
		if w.run.Phase != Complete {
			t.Fatalf("seed %d: without faults it ends as %s: %s", seed, w.run.Phase, w.run.Message)
		}
		if got, want := fmt.Sprint(w.batches), fmt.Sprint(plan); got != want {
			t.Fatalf("seed %d: batches %s, planned %s", seed, got, want)
		}
	}
}

func TestNext_SameArgumentsSameAnswer(t *testing.T) {
	for seed := range uint64(1000) {
		w := newWorld(t, seed)
		first, second := Next(w.run, w.seen, w.now), Next(w.run, w.seen, w.now)
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("seed %d: %+v and then %+v", seed, first, second)
		}
	}
}

func TestNext_OnlyDeadEnginesAreNoFault(t *testing.T) {
	for seed := range uint64(worlds / 4) {
		w := newWorld(t, seed)
		w.bad, w.crash = 0, 0
		w.play(int(seed % 6))
		if w.run.Phase != Complete {
			t.Fatalf("seed %d: nothing but engines died, and it ends as %s: %s", seed, w.run.Phase, w.run.Message)
		}
	}
}
