package rollout

import (
	"fmt"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// standing is what Next makes of one worker.
type standing int

const (
	waiting   standing = iota // its turn has not come, or must come again
	moving                    // under way: the job runs or a gate is not met yet
	available                 // moved, and every gate is met
	broken                    // moved, and a gate can't be met any more
	gone                      // not there, as is wanted
)

// verdict is a standing with its reason, and for a worker that bakes the time
// that is left.
type verdict struct {
	standing standing
	reason   Reason
	detail   string
	bake     time.Duration
}

func brokenBy(reason Reason, format string, args ...any) verdict {
	return verdict{standing: broken, reason: reason, detail: fmt.Sprintf(format, args...)}
}

// verdictGone is about a worker that is not there, and is not to be.
var verdictGone = verdict{standing: gone}

// judge holds workers against their gates, as they were seen at one moment.
type judge struct {
	policy   *spec.Policy
	releases map[string]string
	probes   map[string]Probe
	now      time.Time
}

// worker holds one worker against its gates.
func (j judge) worker(step Step, w units.Worker) verdict {
	switch {
	case step.State == Pending:
		return verdict{standing: waiting}
	case step.State == Queued:
		return verdict{standing: moving}
	case step.Verb == Stop:
		return j.stopped(step, w)
	case step.State == Unknown:
		return j.unknown(step, w)
	case step.State == Done && step.Error != "":
		return brokenBy(JobFailed, "%s", step.Error)
	case step.State == Done && step.Result != units.JobDone:
		return brokenBy(JobFailed, "the %s job ended with the result %q (%s)", step.Verb, step.Result, ending(w))
	}
	return j.moved(step, w)
}

// stopped is about a worker beyond the usual number. systemd kills what does
// not stop in time, so that a stop always ends.
func (j judge) stopped(step Step, w units.Worker) verdict {
	switch {
	case step.State == Done || w.ActiveState.Down():
		return verdict{standing: gone}
	case w.Job != 0 || w.ActiveState == units.Deactivating:
		return verdict{standing: moving}
	}
	return verdict{standing: waiting}
}

// unknown finds out from the worker itself what became of a job whose end
// nobody heard of. When that can't be told, the worker is moved once more.
func (j judge) unknown(step Step, w units.Worker) verdict {
	switch {
	case w.Job != 0, w.ActiveState == units.Activating, w.ActiveState == units.Deactivating:
		return verdict{standing: moving}
	case step.Verb == Reload, step.Verb == Switch, j.hasOtherRelease(step, w):
		return verdict{standing: waiting} // the first two leave no trace, and cost nothing
	case w.InvocationID == step.Before, w.ActiveState.Down(), w.NRestarts > 0:
		return verdict{standing: waiting} // it never began, or ended badly
	}
	return j.moved(step, w)
}

// moved holds a worker whose job is over against the gates.
func (j judge) moved(step Step, w units.Worker) verdict {
	switch step.Verb {
	case Switch:
		return j.release(step, w)
	case Reload:
		if w.InvocationID != step.Before {
			return brokenBy(RestartedWhileBaking, "it was started anew instead of reloaded (%s)", ending(w))
		}
		// systemd does not say since when a reload is over.
		return j.serving(step, w, j.now.Sub(step.Ended))
	}
	switch {
	case w.Job != 0 && w.NRestarts == 0:
		return verdict{standing: moving} // the job is not over after all, as below
	case w.InvocationID == step.Before:
		// A job can be "done" although nothing was done.
		return brokenBy(NothingDone, "the restart job ended with the result \"done\", but the worker was not started anew")
	case w.NRestarts > 0:
		return brokenBy(RestartedWhileBaking, "it ended and systemd started it again (%s)", ending(w))
	case w.ActiveState == units.Activating && !w.WaitsForRestart():
		// systemd re-executed itself in the middle of the job, and says that
		// it is over before the worker is ready.
		return verdict{standing: moving}
	case w.WaitsForRestart():
		// Its job is over, so it was ready; systemd waits to start it again.
		return brokenBy(RestartedWhileBaking, "it ended after READY=1 (%s)", ending(w))
	}
	return j.serving(step, w, w.ActiveFor)
}

// serving holds a worker against the gates of one that is up, given for how
// long it has been so.
func (j judge) serving(step Step, w units.Worker, since time.Duration) verdict {
	if !w.ActiveState.Serving() {
		return brokenBy(WorkerDown, "it is %s (%s)", w.ActiveState, ending(w))
	}
	if v := j.release(step, w); v.standing != available {
		return v
	}
	if v := j.health(step, w); v.standing != available {
		return v
	}
	if since < j.policy.MinReadySec {
		return verdict{standing: moving, bake: j.policy.MinReadySec - since}
	}
	return verdict{standing: available}
}

// health holds a worker against what it last answered. What it passed once, only
// as many failures as the policy wants take back.
func (j judge) health(step Step, w units.Worker) verdict {
	health, probe := j.policy.Health, j.probes[w.Instance]
	heard := probe.InvocationID == w.InvocationID
	switch {
	case health.Kind == spec.HealthNone, heard && probe.Healthy:
		return verdict{standing: available}
	case heard && probe.Failures >= health.Threshold:
		return brokenBy(Unhealthy, "its health check failed %d times in a row: %s", probe.Failures, probe.Error)
	case step.State == Available:
		return verdict{standing: available}
	}
	return verdict{standing: moving}
}

// release holds a worker against the release that it was switched to.
func (j judge) release(step Step, w units.Worker) verdict {
	if j.hasOtherRelease(step, w) {
		return brokenBy(WrongRelease, "it was switched to %q, and its link points at %q: somebody else changed it", step.Release, j.releases[w.Instance])
	}
	return verdict{standing: available}
}

func (j judge) hasOtherRelease(step Step, w units.Worker) bool {
	return step.Release != "" && j.releases[w.Instance] != step.Release
}

// ending is how the worker last ended, in systemd's words.
func ending(w units.Worker) string {
	return fmt.Sprintf("%s, result=%s, status=%d", w.ActiveState, w.Result, w.ExecMainStatus)
}
