package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// Decision is what Next says: what to do now, where the rollout then stands,
// and when to look again even if nothing is heard.
type Decision struct {
	Do []Action
	// Available are the workers that have met every gate since the last
	// decision.
	Available []string
	Phase     Phase
	Cause
	Wake time.Time // zero: nothing but an event is waited for
}

// Next decides what follows in a rollout. It is total and pure: no clock, no
// I/O, and for the same arguments the same answer. Asked again before anything
// has changed it answers without new actions, once the first answer has been
// folded into the run.
func Next(run Run, seen Seen, now time.Time) Decision {
	switch {
	case run.Phase.Over():
		return Decision{Phase: run.Phase, Cause: run.Cause}
	case run.Phase == RollingBack:
		return back(run, seen, now)
	}
	return forward(run, seen, now)
}

// forward moves the workers beyond the usual number first, then the canary,
// then the others batch by batch, and stops those beyond the number at the end.
func forward(run Run, seen Seen, now time.Time) Decision {
	v := look(run, run.Steps, slices.Concat(run.Surge, run.Workers), seen)
	d := Decision{Phase: Progressing, Available: v.newlyAvailable(run.Steps)}
	deadline := run.Progressed.Add(run.Policy.ProgressDeadlineSec)

	switch {
	case run.Aborted && (run.canGoBack() || len(v.moving) == 0):
		return d.giveUp(run, v, now, Cause{Reason: Aborted, Message: "somebody said abort"})
	case len(v.broken) > 0 && (run.canGoBack() || len(v.moving) == 0):
		return d.giveUp(run, v, now, v.cause())
	case v.isLate(d, deadline, now):
		return d.giveUp(run, v, now, v.lateCause())
	case len(v.moving) > 0:
		d.Wake = v.wake(now, deadline)
		return d
	case run.Paused:
		return d.hold(Cause{Reason: Paused, Message: "paused"}, time.Time{})
	case run.holdsCanary(v, now):
		return d.hold(Cause{Reason: CanaryHold, Message: "the canary is held"}, run.canaryUntil(now))
	}
	return advance(run, v, seen, d, deadline)
}

// advance begins what comes next, when nothing is under way and nothing wrong.
func advance(run Run, v view, seen Seen, d Decision, deadline time.Time) Decision {
	surge := slices.DeleteFunc(slices.Clone(run.Surge), func(instance string) bool { return !v.is(instance, waiting) || run.isLeaving(instance) })
	workers := slices.DeleteFunc(slices.Clone(run.Workers), func(instance string) bool { return !v.is(instance, waiting) })
	if len(workers) == 0 {
		return stopSurge(run, v, d, Complete)
	}
	if socket, down := listenerDown(seen.Sockets); down && run.Verb != Switch {
		return d.fail(Cause{Reason: ListenerDown, Message: fmt.Sprintf("the listener %q is %s (result=%s), so a restarted worker would get no socket", socket.Name, socket.ActiveState, socket.Result)})
	}
	if len(surge) > 0 {
		return d.do(run, v, seen, deadline, surge)
	}
	limit := len(run.Workers)
	if left := run.Policy.CanarySize(limit) - run.moved(v); left > 0 && !run.CanaryPassed {
		limit = left
	}
	v.waiting = workers
	reliedOn := func(instance string) bool {
		return v.is(instance, available) || v.is(instance, waiting) && v.workers[instance].ActiveState.Serving()
	}
	batch := v.batch(limit, reliedOn)
	if len(batch) == 0 {
		return d.fail(Cause{Reason: CapacityFloor, Message: "so many workers are down that MaxUnavailable= allows to stop none of the others"})
	}
	return d.do(run, v, seen, deadline, batch)
}

// stopSurge stops the workers beyond the usual number, and ends the rollout in
// a phase once they are gone.
func stopSurge(run Run, v view, d Decision, end Phase) Decision {
	for _, instance := range run.Surge {
		if v.is(instance, gone) || run.Steps[instance].State == Pending {
			continue
		}
		if v.is(instance, moving) && run.isLeaving(instance) {
			return d
		}
		run.Actions++
		d.Do = append(d.Do, Action{ID: run.Actions, Instance: instance, Verb: Stop})
	}
	if len(d.Do) == 0 {
		d.Phase = end
	}
	return d
}

// do is the decision to move some workers.
func (d Decision) do(run Run, v view, seen Seen, deadline time.Time, instances []string) Decision {
	for _, instance := range instances {
		run.Actions++
		action := Action{ID: run.Actions, Instance: instance, Verb: run.Verb, Before: v.workers[instance].InvocationID}
		if slices.Contains(run.Surge, instance) {
			action.Verb = Restart
		}
		if run.Release != "" {
			action.Release, action.From = run.Release, seen.Releases[instance]
			if earlier := run.Steps[instance]; earlier.ID != 0 {
				action.From = earlier.From // it is tried once more
			}
		}
		d.Do = append(d.Do, action)
	}
	d.Wake = deadline
	return d
}

func (d Decision) hold(cause Cause, wake time.Time) Decision {
	d.Phase, d.Cause, d.Wake = Held, cause, wake
	return d
}

func (d Decision) fail(cause Cause) Decision {
	d.Phase, d.Cause = Failed, cause
	return d
}

// giveUp takes the rollout back if it can be, and ends it otherwise.
func (d Decision) giveUp(run Run, v view, now time.Time, cause Cause) Decision {
	if run.canGoBack() {
		d.Phase, d.Cause, d.Wake = RollingBack, cause, now
		return d
	}
	return d.fail(cause)
}

// moved counts the workers that are available at the target.
func (r Run) moved(v view) int {
	moved := 0
	for _, instance := range r.Workers {
		if v.is(instance, available) {
			moved++
		}
	}
	return moved
}

// holdsCanary says that the first batch is available, that it is to be looked
// at before the others follow, and that its time is not over.
func (r Run) holdsCanary(v view, now time.Time) bool {
	size, moved := r.Policy.CanarySize(len(r.Workers)), r.moved(v)
	if size == 0 || r.Policy.CanaryHoldSec == 0 || r.CanaryPassed || moved < size || moved == len(r.Workers) {
		return false
	}
	until := r.canaryUntil(now)
	return until.IsZero() || now.Before(until)
}

// canaryUntil is when the hold ends by itself; zero if only somebody's word
// ends it.
func (r Run) canaryUntil(now time.Time) time.Time {
	if r.Policy.CanaryHoldSec == spec.Infinity {
		return time.Time{}
	}
	since := now
	if r.Phase == Held && r.Reason == CanaryHold {
		since = r.HeldSince
	}
	return since.Add(r.Policy.CanaryHoldSec)
}

// isLeaving says that a worker beyond the usual number is being stopped.
func (r Run) isLeaving(instance string) bool {
	if step, ok := r.Back[instance]; ok {
		return step.Verb == Stop
	}
	return r.Steps[instance].Verb == Stop
}
