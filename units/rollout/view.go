package rollout

import (
	"fmt"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// view is the cluster as one rollout sees it at one moment.
type view struct {
	run      Run
	seen     Seen
	now      time.Time
	workers  map[string]*units.Worker
	verdicts map[string]verdict // none is that of a worker that waits
	// waiting are the workers to be moved next, moving those whose gates are
	// still to be met, broken those whose gates can't be met any more.
	// Arrived are those that have met every gate since the last decision.
	waiting, moving, broken, arrived []string
	// serves are the workers that can be relied on: those that nobody has
	// moved and that serve, and those that have met every gate.
	serves map[string]bool
	// total counts the workers that the cluster wants, without surge.
	total int
}

func look(run Run, seen Seen, now time.Time) view {
	v := view{
		run: run, seen: seen, now: now,
		workers:  make(map[string]*units.Worker, len(seen.Workers)),
		verdicts: make(map[string]verdict),
		serves:   make(map[string]bool, len(run.Workers)+len(run.Surge)),
	}
	for i := range seen.Workers {
		v.workers[seen.Workers[i].Instance] = &seen.Workers[i]
	}
	for _, instance := range run.Surge {
		if v.worker(instance).Enabled {
			v.takeWorker(instance) // somebody has made the cluster larger meanwhile
			continue
		}
		v.takeSurge(instance)
	}
	for _, instance := range run.Workers {
		v.takeWorker(instance)
	}
	return v
}

// worker is one of the workers as it was seen. One that is enabled is always
// seen, and any other while it is up.
func (v *view) worker(instance string) units.Worker {
	if w, present := v.workers[instance]; present {
		return *w
	}
	return units.Worker{Instance: instance, Unit: units.Unit{ActiveState: units.Inactive}}
}

func (v *view) takeWorker(instance string) {
	step := v.run.step(instance)
	verdict := v.judge(instance, step)
	if _, present := v.workers[instance]; !present && (step.State == Pending || step.State == Available) {
		v.verdicts[instance] = verdictGone // somebody has made the cluster smaller meanwhile
		return
	}
	v.total++
	if _, isBack := v.run.Back[instance]; v.run.Failure != (Cause{}) && !isBack {
		if v.holdsTarget(instance) {
			v.waiting = append(v.waiting, instance)
		}
		return
	}
	v.sort(instance, verdict)
}

// takeSurge judges a worker beyond the usual number. In a rollback one that has
// met its gates goes on standing in, and no other is waited for; one that does
// not stop is one too many, which is no reason to go back.
func (v *view) takeSurge(instance string) {
	step := v.run.step(instance)
	if step.State == Pending {
		return
	}
	verdict := v.judge(instance, step)
	_, isBack := v.run.Back[instance]
	switch {
	case step.Verb == Stop && verdict.standing != moving:
	case step.Verb != Stop && v.run.Failure != (Cause{}) && !isBack:
	default:
		v.sort(instance, verdict)
	}
}

// judge holds a worker against its gates, and remembers what came of it.
func (v *view) judge(instance string, step Step) verdict {
	w := v.worker(instance)
	verdict := judge{&v.run.Policy, v.seen.Releases, v.seen.Probes, v.now}.worker(step, w)
	if verdict.standing != waiting {
		v.verdicts[instance] = verdict
	}
	if verdict.standing == available && step.State != Available {
		v.arrived = append(v.arrived, instance)
	}
	if w.ActiveState.Serving() && (verdict.standing == available || isUntouched(step, verdict, w)) {
		v.serves[instance] = true
	}
	return verdict
}

// isUntouched says that a worker runs what it ran before: its turn has not come,
// or what was begun has not reached it.
func isUntouched(step Step, verdict verdict, w units.Worker) bool {
	switch {
	case step.State == Pending:
		return true
	case step.State == Queued || step.Verb == Stop || w.InvocationID != step.Before:
		return false
	}
	return step.Verb == Restart || verdict.standing == waiting
}

func (v *view) sort(instance string, verdict verdict) {
	switch verdict.standing {
	case waiting:
		v.waiting = append(v.waiting, instance)
	case moving:
		v.moving = append(v.moving, instance)
	case broken:
		v.broken = append(v.broken, instance)
	case available, gone:
	}
}

// holdsTarget says that a worker has the release that is taken back, or is about
// to get it.
func (v *view) holdsTarget(instance string) bool {
	step := v.run.Steps[instance]
	return v.run.backTo(instance) != "" && (v.seen.Releases[instance] == v.run.Release || step.State == Queued)
}

func (v *view) deadline() time.Time { return v.run.Progressed.Add(v.run.Policy.ProgressDeadlineSec) }

// newDeadline is the deadline of what is begun now.
func (v *view) newDeadline() time.Time { return v.now.Add(v.run.Policy.ProgressDeadlineSec) }

// isLate says that nothing has come further for as long as the policy waits.
func (v *view) isLate() bool {
	return !v.now.Before(v.deadline()) && len(v.arrived) == 0
}

// wake is when to look again although nothing was heard: when the first worker
// has baked, or at the progress deadline.
func (v *view) wake() time.Time {
	wake := v.deadline()
	for _, instance := range v.moving {
		if bake := v.verdicts[instance].bake; bake > 0 && v.now.Add(bake).Before(wake) {
			wake = v.now.Add(bake)
		}
	}
	return wake
}

// causeOf is what a worker that is broken says.
func (v *view) causeOf(instance string) Cause {
	verdict := v.verdicts[instance]
	return Cause{Reason: verdict.reason, Worker: instance, Invocation: v.worker(instance).InvocationID, Message: verdict.detail}
}

func (v *view) lateCause() Cause {
	first := v.moving[0]
	return Cause{
		Reason: ProgressDeadlineExceeded, Worker: first, Invocation: v.worker(first).InvocationID,
		Message: fmt.Sprintf("not available within %s", spec.FormatTimeSpan(v.run.Policy.ProgressDeadlineSec)),
	}
}

// listenerCause says why a worker that starts now would miss a shared listener,
// if it would. One that is left stopped needs none.
func (v *view) listenerCause() (Cause, bool) {
	for _, socket := range v.seen.Sockets {
		if socket.ActiveState != units.Active && v.run.Verb != Switch {
			return Cause{
				Reason:  ListenerDown,
				Message: fmt.Sprintf("the listener %q is %s (result=%s), so a restarted worker would get no socket", socket.Name, socket.ActiveState, socket.Result),
			}, true
		}
	}
	return Cause{}, false
}

var floorCause = Cause{Reason: CapacityFloor, Message: "so many workers are down that MaxUnavailable= allows to stop none of the others"}
