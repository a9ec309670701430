package rollout

import (
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

// entry is the decision as the journal keeps it.
func (d Decision) entry(at time.Time) Entry {
	return Entry{Kind: KindDecision, Time: at, Do: d.Do, Available: d.Available, Phase: d.Phase, Cause: d.Cause}
}

// Next decides what follows in a rollout. It is total and pure: no clock, no
// I/O, and for the same arguments the same answer. Asked again before anything
// has changed it answers without new actions, once the first answer has been
// folded into the run.
func Next(run Run, seen Seen, now time.Time) Decision {
	if run.Phase.Over() {
		return Decision{Phase: run.Phase, Cause: run.Cause}
	}
	v := look(run, seen, now)
	switch run.Phase {
	case RollingBack:
		return v.back()
	case Failing:
		return v.tidyUp()
	}
	return v.forward()
}

// forward moves the workers beyond the usual number first, then the canary,
// then the others batch by batch, and stops those beyond the number at the end.
func (v *view) forward() Decision {
	d := Decision{Phase: Progressing, Available: v.arrived}
	cause, wrong := v.wrong()
	switch {
	case wrong && (v.run.canGoBack() || len(v.moving) == 0):
		return v.giveUp(d, cause)
	case len(v.moving) > 0 && v.isLate():
		return v.giveUp(d, v.lateCause())
	case len(v.moving) > 0:
		d.Wake = v.wake()
		return d
	case v.run.Paused:
		return d.hold(Cause{Reason: Paused, Message: "paused"}, time.Time{})
	}
	if held, until := v.inspection(); held {
		return d.hold(Cause{Reason: CanaryHold, Message: "the canary is held"}, until)
	}
	if len(v.waiting) == 0 {
		return v.finish(d, Complete)
	}
	if cause, down := v.listenerCause(); down {
		return v.giveUp(d, cause)
	}
	if d.Do = v.nextBatch(v.untilCanary()); len(d.Do) == 0 {
		return v.giveUp(d, floorCause)
	}
	if v.seen.Full != "" && v.stopsAnyone(d.Do) {
		return v.awaitQueue(d)
	}
	d.Wake = v.newDeadline()
	return d
}

// wrong says why the rollout must not go on forward. One that can't go back
// lets what is under way come to its end first.
func (v *view) wrong() (Cause, bool) {
	switch {
	case v.run.Aborted:
		return Cause{Reason: Aborted, Message: "somebody said abort"}, true
	case len(v.broken) > 0:
		return v.causeOf(v.broken[0]), true
	}
	return Cause{}, false
}

// nextBatch is what was begun and must be begun once more, else the workers
// beyond the usual number, else workers whose turn has not come.
func (v *view) nextBatch(limit int) []Action {
	if again := v.batch(v.begun(), limit); len(again) > 0 {
		return again
	}
	if surge := v.surge(limit); len(surge) > 0 {
		return surge
	}
	return v.batch(v.waiting, limit)
}

// untilCanary is how many workers may be moved before the canary is complete,
// and all when it is or none is wanted.
func (v *view) untilCanary() int {
	if missing := v.run.Policy.CanarySize(v.total) - v.moved(); missing > 0 {
		return missing
	}
	return len(v.run.Workers) + len(v.run.Surge)
}

// moved counts the workers, without those beyond the usual number, that have
// been moved and need not be moved again.
func (v *view) moved() int {
	moved := 0
	for _, instance := range v.run.Workers {
		if v.run.Steps[instance].State != Pending && v.verdicts[instance].standing != waiting {
			moved++
		}
	}
	return moved
}

// inspection says whether the first batch is complete and is to be looked at
// before the others follow, and until when: zero if until somebody says so.
func (v *view) inspection() (held bool, until time.Time) {
	canary, hold := v.run.Policy.CanarySize(v.total), v.run.Policy.CanaryHoldSec
	if canary == 0 || hold == 0 || v.run.CanaryPassed || v.moved() < canary || v.moved() >= v.total {
		return false, time.Time{}
	}
	if hold == spec.Infinity {
		return true, time.Time{}
	}
	until = v.now.Add(hold)
	if !v.run.HeldSince.IsZero() {
		until = v.run.HeldSince.Add(hold)
	}
	return v.now.Before(until), until
}

func (d Decision) hold(cause Cause, wake time.Time) Decision {
	d.Phase, d.Cause, d.Wake = Held, cause, wake
	return d
}

// giveUp takes the rollout back if it can be, and ends it otherwise.
func (v *view) giveUp(d Decision, cause Cause) Decision {
	d = v.fail(d, cause)
	if v.run.canGoBack() {
		d.Phase = RollingBack
	}
	return d
}

// finish stops the workers beyond the usual number, and then is over.
func (v *view) finish(d Decision, end Phase) Decision {
	stops, kept := v.stops()
	switch {
	case len(stops) > 0:
		d.Do, d.Wake = stops, v.newDeadline()
	case len(kept) > 0 && v.isLate():
		return v.fail(d, Cause{Reason: CapacityFloor, Worker: kept[0], Message: "it stands in still: without it too few workers would serve"})
	case len(kept) > 0:
		d.Wake = v.deadline()
	default:
		d.Phase = end
	}
	return d
}
