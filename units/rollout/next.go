package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// Action is one thing to do: restart a worker. Before is the InvocationID that
// the worker has now; the start that follows must have another.
type Action struct {
	Instance string `json:"instance"`
	Before   string `json:"before,omitempty"`
}

// Decision is what Next says: what to do now, where the rollout then stands,
// and when to look again even if nothing is heard.
type Decision struct {
	Do []Action
	// Available are the workers that have met every gate since the last
	// decision.
	Available []string
	Phase     Phase
	Reason    Reason
	Worker    string
	Message   string
	Wake      time.Time // zero: nothing but an event is waited for
}

// Next decides what follows in a rollout. It is total and pure: no clock, no
// I/O, and for the same arguments the same answer. Asked again before anything
// has changed it answers without new actions, once the first answer has been
// folded into the run.
func Next(run Run, seen Seen, now time.Time) Decision {
	if run.Phase.Over() {
		return Decision{Phase: run.Phase, Reason: run.Reason, Worker: run.Worker, Message: run.Message}
	}
	view := look(run, seen)
	deadline := run.Progressed.Add(run.Policy.ProgressDeadlineSec)
	late := !now.Before(deadline)
	decision := Decision{Phase: Progressing, Available: view.newlyAvailable(run)}

	switch {
	case len(view.moving) > 0 && late && len(decision.Available) == 0:
		return decision.fail(ProgressDeadlineExceeded, view.moving[0], fmt.Sprintf("not available within %s", run.Policy.ProgressDeadlineSec))
	case len(view.moving) > 0:
		decision.Wake = view.wake(now, deadline)
		return decision
	case len(view.broken) > 0:
		first := view.broken[0]
		return decision.fail(view.verdicts[first].reason, first, view.verdicts[first].detail)
	case len(view.waiting) == 0:
		decision.Phase = Complete
		return decision
	}
	if socket, down := listenerDown(seen.Sockets); down {
		return decision.fail(ListenerDown, "", fmt.Sprintf("the listener %q is %s (result=%s), so a restarted worker would get no socket", socket.Name, socket.ActiveState, socket.Result))
	}
	decision.Do = view.batch(run)
	if len(decision.Do) == 0 {
		return decision.fail(CapacityFloor, "", fmt.Sprintf("%d of %d workers serve, and MaxUnavailable allows to stop none of them", view.serving, len(run.Workers)))
	}
	decision.Wake = deadline
	return decision
}

func (d Decision) fail(reason Reason, worker, message string) Decision {
	d.Phase, d.Reason, d.Worker, d.Message = Failed, reason, worker, message
	return d
}

// view is the cluster as one rollout sees it.
type view struct {
	workers  map[string]units.Worker
	verdicts map[string]verdict
	waiting  []string
	moving   []string
	broken   []string
	// serving counts the workers that can be relied on: those whose turn has
	// not come and that serve, and those that have met every gate.
	serving int
}

func look(run Run, seen Seen) view {
	v := view{workers: make(map[string]units.Worker, len(seen.Workers)), verdicts: make(map[string]verdict, len(run.Workers))}
	for _, w := range seen.Workers {
		v.workers[w.Instance] = w
	}
	for _, instance := range run.Workers {
		w := v.workers[instance]
		verdict := judge(run.Policy, run.Steps[instance], w, seen.Probes[instance])
		v.verdicts[instance] = verdict
		switch verdict.standing {
		case waiting:
			v.waiting = append(v.waiting, instance)
			if w.ActiveState.Serving() {
				v.serving++
			}
		case moving:
			v.moving = append(v.moving, instance)
		case broken:
			v.broken = append(v.broken, instance)
		case available:
			v.serving++
		}
	}
	return v
}

func (v view) newlyAvailable(run Run) []string {
	var instances []string
	for _, instance := range run.Workers {
		if v.verdicts[instance].standing == available && run.Steps[instance].State != Available {
			instances = append(instances, instance)
		}
	}
	return instances
}

// batch is the workers that are moved together: never more than MaxUnavailable
// at once, and of those that serve never so many that fewer than
// N - MaxUnavailable are left. Workers that are down go first: they cost
// nothing, and they may be all that is needed to get back to N.
//
// With 5 workers, MaxUnavailable=2 and web@4 down: 4 serve, the floor is 3, so
// web@4 (free) and web@1 (4 - 1 = 3) go together.
func (v view) batch(run Run) []Action {
	most := run.Policy.Unavailable(len(run.Workers))
	floor := len(run.Workers) - most
	down := func(instance string) bool { return !v.workers[instance].ActiveState.Serving() }

	candidates := slices.Clone(v.waiting)
	slices.SortStableFunc(candidates, func(a, b string) int {
		switch {
		case down(a) == down(b):
			return 0
		case down(a):
			return -1
		default:
			return 1
		}
	})
	left := v.serving
	var batch []Action
	for _, instance := range candidates {
		if len(batch) == most {
			break
		}
		if !down(instance) {
			if left == floor {
				break
			}
			left--
		}
		batch = append(batch, Action{Instance: instance, Before: v.workers[instance].InvocationID})
	}
	return batch
}

// wake is when to look again although nothing was heard: when the first
// worker has baked, or at the progress deadline.
func (v view) wake(now, deadline time.Time) time.Time {
	wake := deadline
	for _, instance := range v.moving {
		if bake := v.verdicts[instance].bake; bake > 0 && now.Add(bake).Before(wake) {
			wake = now.Add(bake)
		}
	}
	return wake
}

// listenerDown finds a shared listener that a starting worker would miss.
func listenerDown(sockets []units.Unit) (units.Unit, bool) {
	for _, socket := range sockets {
		if socket.ActiveState != units.Active {
			return socket, true
		}
	}
	return units.Unit{}, false
}

// Batches is the plan: the batches of a rollout in which all goes well. It is
// Next, run on a copy of the world that always answers as hoped.
func Batches(run Run, seen Seen) [][]string {
	world := optimist{seen: seen}
	var batches [][]string
	for range len(run.Workers) + 1 {
		decision := Next(run, world.seen, run.Progressed)
		if len(decision.Do) == 0 {
			break
		}
		run = run.with(Entry{Kind: KindDecision, Time: run.Progressed, Do: decision.Do, Phase: decision.Phase})
		batches = append(batches, instancesOf(decision.Do))
		for _, action := range decision.Do {
			run = run.with(Entry{Kind: KindJob, Time: run.Progressed, Instance: action.Instance, Result: units.JobDone})
			world.restart(action, run.Policy)
		}
	}
	return batches
}

func instancesOf(actions []Action) []string {
	instances := make([]string, len(actions))
	for i, action := range actions {
		instances[i] = action.Instance
	}
	return instances
}

// optimist is a world in which every restart works.
type optimist struct{ seen Seen }

func (o *optimist) restart(action Action, policy spec.Policy) {
	invocation := action.Before + "+1"
	o.seen.Workers = slices.Clone(o.seen.Workers)
	at := slices.IndexFunc(o.seen.Workers, func(w units.Worker) bool { return w.Instance == action.Instance })
	if at < 0 {
		o.seen.Workers = append(o.seen.Workers, units.Worker{Instance: action.Instance})
		at = len(o.seen.Workers) - 1
	}
	w := &o.seen.Workers[at]
	w.ActiveState, w.InvocationID, w.NRestarts, w.ActiveFor = units.Active, invocation, 0, policy.MinReadySec
	probes := make(map[string]Probe, len(o.seen.Probes)+1)
	for instance, probe := range o.seen.Probes {
		probes[instance] = probe
	}
	probes[action.Instance] = Probe{InvocationID: invocation, Healthy: true}
	o.seen.Probes = probes
}
