package rollout

import (
	"fmt"
	"slices"
	"time"
)

// back moves the workers that hold the bad release to the one that each had
// before, and touches no other. It is never itself rolled back: a worker that
// does not come back is passed over, so that the others do.
func back(run Run, seen Seen, now time.Time) Decision {
	v := look(run, run.Back, slices.Concat(run.touched(), run.standIns()), seen)
	d := Decision{Phase: RollingBack, Cause: run.Failure, Available: v.newlyAvailable(run.Back)}
	deadline := run.Progressed.Add(run.Policy.ProgressDeadlineSec)
	switch {
	case v.isLate(d, deadline, now):
		return d.fail(v.lateCause())
	case len(v.moving) > 0:
		d.Wake = v.wake(now, deadline)
		return d
	case len(v.waiting) == 0:
		return endBack(run, v, seen, d)
	}
	if socket, down := listenerDown(seen.Sockets); down {
		return d.fail(Cause{Reason: ListenerDown, Message: fmt.Sprintf("the listener %q is %s (result=%s), so a restarted worker would get no socket", socket.Name, socket.ActiveState, socket.Result)})
	}
	standIns := v.without(run.Workers, waiting)
	v.waiting = v.without(run.Surge, waiting)
	reliedOn := run.reliedOnInRollback(v, seen)
	batch := v.batch(len(run.Workers), reliedOn)
	if len(batch) == 0 {
		batch = run.moreStandIns(standIns, reliedOn)
	}
	if len(batch) == 0 {
		return d.fail(Cause{Reason: CapacityFloor, Message: "so many workers are down that MaxUnavailable= allows to stop none of the others"})
	}
	release := run.backTo(run.Steps[run.touched()[0]])
	for _, instance := range batch {
		if step := run.Steps[instance]; slices.Contains(run.Workers, instance) {
			release = run.backTo(step)
		}
		run.Actions++
		d.Do = append(d.Do, Action{
			ID: run.Actions, Instance: instance, Verb: Restart,
			Release: release, From: run.Release, Before: v.workers[instance].InvocationID,
		})
	}
	d.Wake = deadline
	return d
}

// standIns are the workers beyond the usual number that a rollback has started
// on the release before, so that others can be stopped.
func (r Run) standIns() []string {
	return slices.DeleteFunc(slices.Clone(r.Surge), func(instance string) bool { return r.Back[instance].Verb != Restart })
}

// moreStandIns are the workers beyond the usual number that can be started when
// without them none of the others could be stopped: those that have not been
// tried yet, and those that an engine's death has left unstarted.
func (r Run) moreStandIns(unstarted []string, reliedOn func(string) bool) []string {
	fresh := slices.DeleteFunc(slices.Clone(r.Surge), func(instance string) bool {
		return r.Back[instance].ID != 0 || reliedOn(instance)
	})
	return slices.Concat(unstarted, fresh)
}

// endBack stops the workers beyond the usual number, and says how the rollback
// went.
func endBack(run Run, v view, seen Seen, d Decision) Decision {
	surge := look(run, run.surgeSteps(), run.Surge, seen)
	d = stopSurgeInRollback(run, surge, d)
	v.broken = v.without(run.Surge, broken)
	if len(d.Do) > 0 || d.Phase != RolledBack || len(v.broken) == 0 {
		return d
	}
	return d.fail(v.cause())
}

// surgeSteps are the last steps of the workers beyond the usual number: those
// of the rollback, if there are any.
func (r Run) surgeSteps() map[string]Step {
	steps := make(map[string]Step, len(r.Surge))
	for _, instance := range r.Surge {
		steps[instance] = r.Steps[instance]
		if step, ok := r.Back[instance]; ok {
			steps[instance] = step
		}
	}
	return steps
}

func stopSurgeInRollback(run Run, v view, d Decision) Decision {
	run.Steps = run.surgeSteps()
	return stopSurge(run, v, d, RolledBack)
}

// touched are the workers that the rollout has begun to move and that can go
// back. Those beyond the usual number are stopped instead.
func (r Run) touched() []string {
	return slices.DeleteFunc(slices.Clone(r.Workers), func(instance string) bool { return r.Steps[instance].ID == 0 })
}

// canGoBack says that there is something to go back to for every worker that
// was touched. If none was, all that has to go are the workers beyond the usual
// number.
func (r Run) canGoBack() bool {
	touched := r.touched()
	if len(touched) == 0 && len(r.Surge) > 0 {
		return true
	}
	if !r.Policy.AutoRollback || r.Release == "" {
		return false
	}
	return !slices.ContainsFunc(touched, func(instance string) bool { return r.backTo(r.Steps[instance]) == "" })
}

// backTo is the release that a worker goes back to: its own from before, or the
// last one that was rolled out whole, if its own was none or the bad one
// already (a rollout that was interrupted has left it there).
func (r Run) backTo(step Step) string {
	for _, release := range []string{step.From, r.Previous} {
		if release != "" && release != r.Release {
			return release
		}
	}
	return ""
}

// reliedOnInRollback says which workers serve as they should: those that were
// not touched and serve, those that are back, and of the others those that had
// met every gate on the release that is taken back and meet them still.
func (r Run) reliedOnInRollback(v view, seen Seen) func(string) bool {
	before := look(r, r.Steps, slices.Concat(r.Workers, r.Surge), seen)
	return func(instance string) bool {
		switch {
		case v.is(instance, available):
			return true
		case r.Steps[instance].ID == 0:
			return v.workers[instance].ActiveState.Serving()
		case r.Back[instance].ID != 0 && !v.is(instance, waiting):
			return false
		}
		return r.Steps[instance].State == Available && before.is(instance, available)
	}
}
