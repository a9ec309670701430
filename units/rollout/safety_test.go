package rollout

import (
	"slices"

	"github.com/clusterctl/clusterctl/units"
)

// check holds a decision against the safety rules, with counts of its own.
func (w *world) check(decision Decision) {
	w.checkCapacity(decision)
	w.checkCourse(decision)
	if len(decision.Do) == 0 {
		return
	}
	if w.run.Paused && decision.Phase == Progressing {
		w.t.Fatalf("somebody asked for a pause, and Next acts: %+v\n%s", decision.Do, w)
	}
	n := len(w.run.Workers)
	if most := max(w.run.Policy.Unavailable(n)+len(w.run.Surge), 1); len(decision.Do) > most {
		w.t.Fatalf("a batch of %d with MaxUnavailable and MaxSurge of %d together\n%s", len(decision.Do), most, w)
	}
	w.checkCanary(decision)
}

// checkCapacity counts the workers that serve as they should, and holds what is
// left of them after the decision against the floor. A reload and a switch stop
// nobody.
func (w *world) checkCapacity(decision Decision) {
	serving, stops := 0, 0
	for _, instance := range slices.Concat(w.run.Workers, w.run.Surge) {
		if !w.serves(instance) || !w.trusted(instance, decision) {
			continue
		}
		serving++
		for _, action := range decision.Do {
			if action.Instance == instance && (action.Verb == Restart || action.Verb == Stop) {
				stops++
			}
		}
	}
	n := 0
	for _, instance := range w.run.Workers {
		if w.worker(instance) != nil || w.open(instance) {
			n++ // and not one that somebody has taken away
		}
	}
	if floor := n - w.run.Policy.Unavailable(n); stops > 0 && serving-stops < floor {
		w.t.Fatalf("%d serve, the floor is %d, and Next stops %d: %+v\n%s", serving, floor, stops, decision.Do, w)
	}
}

// trusted says that a worker that serves counts: nobody has moved it, or it met
// its gates and nothing was heard since, or what was begun has not reached it.
func (w *world) trusted(instance string, decision Decision) bool {
	if slices.Contains(decision.Available, instance) {
		return true
	}
	worker := w.worker(instance)
	step, moved := w.run.Steps[instance]
	if back, ok := w.run.Back[instance]; ok {
		step, moved = back, true
	}
	switch {
	case !moved:
		return !slices.Contains(w.run.Surge, instance)
	case step.State == Available && step.Verb == Switch:
		return true
	case step.State == Available:
		return worker.NRestarts == 0 || step.Verb == Reload && worker.InvocationID == step.Before
	case step.State == Done && step.Verb == Restart && worker.InvocationID == step.Before:
		return !slices.Contains(w.run.Surge, instance)
	case step.State == Unknown:
		return worker.InvocationID == step.Before && step.Verb != Stop && !slices.Contains(w.run.Surge, instance)
	}
	return false
}

// checkCourse: a rollback moves only workers that hold the target, only to what
// they had, and is itself never taken back.
func (w *world) checkCourse(decision Decision) {
	if w.run.Failure != (Cause{}) && (decision.Phase == Progressing || decision.Phase == Held || decision.Phase == Complete) {
		w.t.Fatalf("on the way back Next says %s\n%s", decision.Phase, w)
	}
	if w.run.Phase != RollingBack {
		return
	}
	for _, action := range decision.Do {
		_, moved := w.run.Steps[action.Instance]
		if _, begun := w.run.Back[action.Instance]; begun {
			moved = true
		}
		switch {
		case action.Release == newRelease:
			w.t.Fatalf("on the way back worker %s is switched to the target\n%s", action.Instance, w)
		case !moved && slices.Contains(w.run.Workers, action.Instance) && w.seen.Releases[action.Instance] != newRelease:
			w.t.Fatalf("the rollback moves worker %s, which holds %q\n%s", action.Instance, w.seen.Releases[action.Instance], w)
		}
	}
}

// checkCanary: until the canary was looked at no more workers than it has, and
// those that stand in, are moved.
func (w *world) checkCanary(decision Decision) {
	policy := w.run.Policy
	canary := policy.CanarySize(len(w.run.Workers))
	waited := !w.run.HeldSince.IsZero() && !w.now.Before(w.run.HeldSince.Add(policy.CanaryHoldSec))
	if canary == 0 || policy.CanaryHoldSec == 0 || w.run.CanaryPassed || waited || decision.Phase != Progressing {
		return
	}
	moved := make(map[string]bool)
	for _, instance := range w.run.Workers {
		step, ok := w.run.Steps[instance]
		worker := w.worker(instance)
		if ok && (step.State != Unknown || worker == nil || worker.InvocationID != step.Before) {
			moved[instance] = true // and not one that a dead engine never came to
		}
	}
	for _, action := range decision.Do {
		if slices.Contains(w.run.Workers, action.Instance) {
			moved[action.Instance] = true
		}
	}
	if len(moved) > canary && len(decision.Do) > 0 && decision.Do[0].Verb != Stop {
		w.t.Fatalf("a canary of %d, and %d workers are moved before anyone looked at it\n%s", canary, len(moved), w)
	}
}

// checkEnd holds the end of a rollout against the world as it then is.
func (w *world) checkEnd() {
	for _, instance := range w.run.Workers {
		release := w.seen.Releases[instance]
		switch {
		case w.run.Phase == Complete:
			w.checkMoved(instance)
		case w.run.Phase == RolledBack && release == newRelease:
			w.t.Fatalf("rolled back, but the link of worker %s points at the target\n%s", instance, w)
		}
	}
	for _, instance := range w.run.Surge {
		if step := w.run.step(instance); step.Verb == Stop && step.State == Queued {
			w.t.Fatalf("%s, and worker %s is still being stopped\n%s", w.run.Phase, instance, w)
		}
		if w.serves(instance) && w.run.Phase != Failed {
			w.t.Fatalf("%s, and worker %s beyond the usual number is still up\n%s", w.run.Phase, instance, w)
		}
	}
}

func (w *world) checkMoved(instance string) {
	worker, step := w.worker(instance), w.run.Steps[instance]
	anew := worker.InvocationID != step.Before
	if step.Verb == Reload {
		anew = worker.InvocationID == step.Before
	}
	if worker.ActiveState != units.Active || !anew || w.run.Release != "" && w.seen.Releases[instance] != w.run.Release {
		w.t.Fatalf("complete, but worker %s is %s, start %s (before: %s), release %q\n%s", instance, worker.ActiveState, worker.InvocationID, step.Before, w.seen.Releases[instance], w)
	}
}
