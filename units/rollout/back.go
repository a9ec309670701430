package rollout

import "slices"

// back moves the workers that hold the bad release to the one that each had
// before, and touches no other. The floor holds here too, and whatever serves
// is relied on, on whichever release. It is never itself taken back: a worker
// that does not come back is passed over, so that the others do.
func (v *view) back() Decision {
	d := Decision{Phase: RollingBack, Cause: v.run.Failure, Available: v.arrived}
	switch {
	case len(v.moving) > 0 && v.isLate():
		return v.fail(d, v.lateCause())
	case len(v.moving) > 0:
		d.Wake = v.wake()
		return d
	case len(v.waiting) == 0 && len(v.lost()) > 0:
		return v.fail(d, v.causeOf(v.lost()[0]))
	case len(v.waiting) == 0:
		return v.finish(d, RolledBack)
	}
	obstacle, inTheWay := v.listenerCause()
	if !inTheWay {
		obstacle = floorCause
		if d.Do = v.batch(v.waiting, len(v.run.Workers)); len(d.Do) == 0 {
			d.Do = v.standIn()
		}
	}
	// What stands in the way may go away by itself or by somebody's hand: a
	// worker comes up again, a listener is mended.
	if len(d.Do) == 0 && v.isLate() {
		return v.fail(d, obstacle)
	}
	d.Wake = v.deadline()
	if len(d.Do) > 0 {
		d.Wake = v.newDeadline()
	}
	return d
}

// lost are the workers that did not come back.
func (v *view) lost() []string {
	return slices.DeleteFunc(slices.Clone(v.broken), v.isSurge)
}

// standIn starts a worker beyond the usual number on the release before when
// without it none of the others could be stopped.
func (v *view) standIn() []Action {
	for _, instance := range v.run.Surge {
		if _, tried := v.run.Back[instance]; !tried && !v.serves[instance] && !v.worker(instance).Enabled {
			return v.moves([]string{instance})
		}
	}
	return nil
}

// fail ends what can go neither forward nor back.
func (v *view) fail(d Decision, cause Cause) Decision {
	d.Phase, d.Cause, d.Wake = Failing, cause, v.now
	return d
}

// tidyUp stops the workers beyond the usual number that can be done without,
// and then the rollout has failed.
func (v *view) tidyUp() Decision {
	d := Decision{Phase: Failing, Cause: v.run.Cause, Available: v.arrived}
	stops, _ := v.stops()
	switch {
	case len(stops) > 0:
		d.Do, d.Wake = stops, v.newDeadline()
	case v.isStopping() && !v.isLate():
		d.Wake = v.deadline()
	default:
		d.Phase = Failed
	}
	return d
}

func (v *view) isStopping() bool {
	return slices.ContainsFunc(v.moving, func(instance string) bool { return v.run.step(instance).Verb == Stop })
}

// canGoBack says that there is something to go back to for every worker that
// was touched.
func (r Run) canGoBack() bool {
	if !r.Policy.AutoRollback || r.Release == "" {
		return false
	}
	for _, instance := range r.Workers {
		if _, touched := r.Steps[instance]; touched && r.backTo(instance) == "" {
			return false
		}
	}
	return true
}

// backTo is the release that a worker goes back to: its own from before, or the
// last one that was rolled out whole, if its own was none or the bad one
// already (a rollout that was interrupted has left it there). "" is none.
func (r Run) backTo(instance string) string {
	for _, release := range []string{r.Steps[instance].From, r.Previous} {
		if release != "" && release != r.Release {
			return release
		}
	}
	return ""
}
