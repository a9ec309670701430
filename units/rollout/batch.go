package rollout

import "slices"

// unavailable is how many workers may be out of service at once. A reload puts
// none out of service, and goes on where nobody may be.
func (v *view) unavailable() int {
	most := v.run.Policy.Unavailable(v.total)
	if v.run.Verb == Reload {
		return min(max(most, 1), v.total)
	}
	return most
}

// spare is how many of the workers that serve can be done without.
func (v *view) spare() int { return max(len(v.serves)-(v.total-v.unavailable()), 0) }

// batch is the candidates that are moved together, with what is done to them:
// never more than may be out of service at once and stand in for them, and of
// those that serve never so many that fewer than N - MaxUnavailable are left.
// Workers that don't serve go first: they cost nothing, and they may be all that
// is needed to get back to N.
//
// With 5 workers, MaxUnavailable=2 and web@4 down: 4 serve, the floor is 3, so
// web@4 (free) and web@1 (4 - 1 = 3) go together.
//
// With 4 workers, MaxUnavailable=0 and one beyond the usual number that serves:
// 5 serve, the floor is 4, so one goes.
func (v *view) batch(candidates []string, limit int) []Action {
	serving := func(instance string) bool { return v.serves[instance] }
	free := slices.DeleteFunc(slices.Clone(candidates), serving)
	rest := slices.DeleteFunc(slices.Clone(candidates), func(instance string) bool { return !serving(instance) })

	most := min(max(v.unavailable()+v.standIns(), 1), limit)
	free = free[:min(len(free), most)]
	rest = rest[:min(len(rest), most-len(free), v.spare())]
	return v.moves(slices.Concat(free, rest))
}

// standIns counts the workers beyond the usual number that serve.
func (v *view) standIns() int {
	serving := 0
	for _, instance := range v.run.Surge {
		if v.serves[instance] {
			serving++
		}
	}
	return serving
}

// begun are the workers that an engine has begun to move and that must be moved
// once more. They go before all others, so that no more workers than needed
// stand between two releases.
func (v *view) begun() []string {
	return slices.DeleteFunc(slices.Clone(v.waiting), func(instance string) bool { return v.run.step(instance).State == Pending })
}

// surge starts workers beyond the usual number, before any other is touched.
func (v *view) surge(limit int) []Action {
	fresh := slices.DeleteFunc(slices.Clone(v.run.Surge), func(instance string) bool {
		return v.run.step(instance).State != Pending || v.worker(instance).Enabled
	})
	return v.moves(fresh[:min(len(fresh), limit)])
}

// stops are the workers beyond the usual number that can be done without, with
// what is done to them; kept are those that the floor needs. What the units say
// counts: a journal may have lost that one was started.
func (v *view) stops() (actions []Action, kept []string) {
	spare := v.spare()
	for _, instance := range v.run.Surge {
		step, w := v.run.step(instance), v.worker(instance)
		asked := step.Verb == Stop && v.verdicts[instance].standing != waiting
		if w.Enabled || asked || step.State == Pending && w.ActiveState.Down() {
			continue
		}
		if v.serves[instance] {
			if spare == 0 {
				kept = append(kept, instance)
				continue
			}
			spare--
		}
		v.run.Actions++
		actions = append(actions, Action{ID: v.run.Actions, Instance: instance, Verb: Stop, Before: w.InvocationID})
	}
	return actions, kept
}

func (v *view) moves(instances []string) []Action {
	var actions []Action
	for _, instance := range instances {
		actions = append(actions, v.move(instance))
	}
	return actions
}

// move is what is done to one worker.
func (v *view) move(instance string) Action {
	w := v.worker(instance)
	v.run.Actions++
	action := Action{ID: v.run.Actions, Instance: instance, Verb: v.run.Verb, Before: w.InvocationID}
	if v.run.Verb == Reload && !w.ActiveState.Serving() || v.isSurge(instance) {
		action.Verb = Restart // there is nothing to reload
	}
	action.Release, action.From = v.releaseFor(instance), v.fromOf(instance)
	if action.Release == "" {
		action.From = ""
	}
	if v.neverStarted(instance) {
		action.Verb = Switch
	}
	return action
}

// releaseFor is the release that a worker is switched to. One beyond the usual
// number has none of its own.
func (v *view) releaseFor(instance string) string {
	switch {
	case v.run.Failure != (Cause{}):
		return v.run.backTo(instance)
	case v.run.Release == "" && v.isSurge(instance):
		return v.run.Previous
	}
	return v.run.Release
}

// fromOf is the release that a worker had before the rollout.
func (v *view) fromOf(instance string) string {
	if earlier, ok := v.run.Steps[instance]; ok && v.run.Failure == (Cause{}) {
		return earlier.From // it is tried once more
	}
	return v.seen.Releases[instance]
}

// neverStarted says that a worker on its way back was given the link only and
// still runs what it ran before: the link is all that must go back.
func (v *view) neverStarted(instance string) bool {
	step, w := v.run.Steps[instance], v.worker(instance)
	_, isBack := v.run.Back[instance]
	isOver := step.State == Done || step.State == Unknown
	return v.run.Failure != (Cause{}) && !isBack && isOver && step.Verb == Restart &&
		w.InvocationID == step.Before && w.ActiveState.Serving() && w.Job == 0
}

func (v *view) isSurge(instance string) bool { return slices.Contains(v.run.Surge, instance) }
