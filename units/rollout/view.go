package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// view is the cluster as one rollout sees it: each worker in exactly one of
// the lists.
type view struct {
	run      Run
	workers  map[string]units.Worker
	verdicts map[string]verdict

	waiting, moving, broken, available []string
}

// look holds so many workers against the steps that the rollout has taken with
// them.
func look(run Run, steps map[string]Step, instances []string, seen Seen) view {
	v := view{run: run, workers: make(map[string]units.Worker, len(seen.Workers)), verdicts: make(map[string]verdict, len(instances))}
	for _, w := range seen.Workers {
		v.workers[w.Instance] = w
	}
	for _, instance := range instances {
		verdict := judge(run.Policy, steps[instance], v.workers[instance], seen.Probes[instance])
		v.verdicts[instance] = verdict
		switch verdict.standing {
		case waiting:
			v.waiting = append(v.waiting, instance)
		case moving:
			v.moving = append(v.moving, instance)
		case broken:
			v.broken = append(v.broken, instance)
		case available:
			v.available = append(v.available, instance)
		case gone:
		}
	}
	return v
}

func (v view) is(instance string, standing standing) bool {
	verdict, ok := v.verdicts[instance]
	return ok && verdict.standing == standing
}

// without are the workers of a standing, but for some instances.
func (v view) without(instances []string, standing standing) []string {
	var rest []string
	for instance, verdict := range v.verdicts {
		if verdict.standing == standing && !slices.Contains(instances, instance) {
			rest = append(rest, instance)
		}
	}
	slices.SortFunc(rest, units.CompareInstances)
	return rest
}

// newlyAvailable are the workers that have met every gate since the last
// decision.
func (v view) newlyAvailable(steps map[string]Step) []string {
	var instances []string
	for _, instance := range v.available {
		if steps[instance].State != Available {
			instances = append(instances, instance)
		}
	}
	return instances
}

// cause is what the first worker that is broken says.
func (v view) cause() Cause {
	first := v.broken[0]
	return Cause{
		Reason: v.verdicts[first].reason, Worker: first, Invocation: v.workers[first].InvocationID,
		Message: v.verdicts[first].detail,
	}
}

// wake is when to look again although nothing was heard: when the first worker
// has baked, or at the progress deadline.
func (v view) wake(now, deadline time.Time) time.Time {
	wake := deadline
	for _, instance := range v.moving {
		if bake := v.verdicts[instance].bake; bake > 0 && now.Add(bake).Before(wake) {
			wake = now.Add(bake)
		}
	}
	return wake
}

// isLate says that nothing has become available for as long as the policy
// waits. Workers that are being stopped don't count: systemd ends them in time.
func (v view) isLate(d Decision, deadline, now time.Time) bool {
	return len(v.awaited()) > 0 && len(d.Available) == 0 && !now.Before(deadline)
}

func (v view) awaited() []string {
	return slices.DeleteFunc(slices.Clone(v.moving), v.run.isLeaving)
}

func (v view) lateCause() Cause {
	return Cause{
		Reason: ProgressDeadlineExceeded, Worker: v.awaited()[0], Invocation: v.workers[v.awaited()[0]].InvocationID,
		Message: fmt.Sprintf("not available within %s", spec.FormatTimeSpan(v.run.Policy.ProgressDeadlineSec)),
	}
}

// batch is the workers that are moved together: as many as may be out of
// service at once and as stand in for them beyond the usual number, and of
// those that are relied on never so many that fewer than N - MaxUnavailable
// are left. Workers that nobody relies on go first: they cost nothing, and they
// may be all that is needed to get back to N.
//
// With 5 workers, MaxUnavailable=2 and web@4 down: 4 are relied on, the floor
// is 3, so web@4 (free) and web@1 (4 - 1 = 3) go together.
func (v view) batch(limit int, reliedOn func(instance string) bool) []string {
	n := len(v.run.Workers)
	unavailable := v.run.Policy.Unavailable(n)
	left, surge := 0, 0
	for _, instance := range v.run.Workers {
		if reliedOn(instance) {
			left++
		}
	}
	for _, instance := range v.run.Surge {
		if reliedOn(instance) {
			surge++
		}
	}
	left += surge
	most := min(max(unavailable+surge, 1), limit)

	candidates := slices.Clone(v.waiting)
	slices.SortStableFunc(candidates, func(a, b string) int { return rank(reliedOn(a)) - rank(reliedOn(b)) })
	var batch []string
	for _, instance := range candidates {
		if len(batch) == most {
			break
		}
		if reliedOn(instance) {
			if left <= n-unavailable {
				break
			}
			left--
		}
		batch = append(batch, instance)
	}
	return batch
}

func rank(reliedOn bool) int {
	if reliedOn {
		return 1
	}
	return 0
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
