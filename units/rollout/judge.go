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
	gone                      // stopped, as was wanted
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

// judge holds one worker against its gates.
func judge(policy spec.Policy, step Step, w units.Worker, probe Probe) verdict {
	switch {
	case step.State == Pending:
		return verdict{standing: waiting}
	case step.State == Queued:
		return verdict{standing: moving}
	case step.Verb == Stop:
		return judgeStop(step, w)
	case step.Verb == Switch:
		return judgeSwitch(step)
	case step.State == Unknown:
		return judgeUnknown(policy, step, w, probe)
	case step.State == Available:
		return judgeStart(policy, step, w, probe)
	case step.Error != "":
		return brokenBy(JobFailed, "%s", step.Error)
	case step.Result != units.JobDone:
		return brokenBy(JobFailed, "the %s job ended with the result %q (%s)", step.Verb, step.Result, ending(w))
	}
	return judgeStart(policy, step, w, probe)
}

// judgeStop is about a worker beyond the usual number. systemd kills what does
// not stop in time, so that a stop always ends.
func judgeStop(step Step, w units.Worker) verdict {
	switch {
	case step.State == Done || w.ActiveState.Down() || w.ActiveState == "":
		return verdict{standing: gone}
	case w.Job != 0 || w.ActiveState == units.Deactivating:
		return verdict{standing: moving}
	}
	return verdict{standing: waiting}
}

// judgeSwitch is about a worker that stays stopped.
func judgeSwitch(step Step) verdict {
	switch {
	case step.Error != "":
		return brokenBy(JobFailed, "%s", step.Error)
	case step.State == Unknown:
		return verdict{standing: waiting} // a second switch costs nothing
	}
	return verdict{standing: available}
}

// judgeUnknown finds out from the worker itself what became of a job whose
// engine died.
func judgeUnknown(policy spec.Policy, step Step, w units.Worker, probe Probe) verdict {
	switch {
	case w.Job != 0, w.ActiveState == units.Activating, w.ActiveState == units.Deactivating:
		return verdict{standing: moving}
	case step.Verb == Reload:
		return verdict{standing: waiting} // a reload leaves no trace; a second one costs nothing
	case w.InvocationID == step.Before || w.ActiveState.Down():
		return verdict{standing: waiting} // it never began, or ended badly: it is tried once more
	}
	return judgeStart(policy, step, w, probe)
}

// judgeStart holds a worker whose job is over against the gates.
func judgeStart(policy spec.Policy, step Step, w units.Worker, probe Probe) verdict {
	asked := policy.Health.Kind != spec.HealthNone
	heard := probe.InvocationID == w.InvocationID
	switch {
	case step.Verb == Restart && w.InvocationID == step.Before:
		// A job can be "done" although nothing was done.
		return brokenBy(NothingDone, "the restart job ended with the result \"done\", but the worker was not started anew")
	case step.Verb == Reload && w.InvocationID != step.Before:
		return brokenBy(RestartedWhileBaking, "it was started anew instead of reloaded (%s)", ending(w))
	case step.Verb == Restart && w.NRestarts > 0:
		return brokenBy(RestartedWhileBaking, "it ended and systemd started it again (%s)", ending(w))
	case w.ActiveState == units.Activating && step.State == Unknown:
		return verdict{standing: moving}
	case w.ActiveState == units.Activating:
		// Its job is over, so it was ready; systemd waits to start it again.
		return brokenBy(RestartedWhileBaking, "it ended after READY=1 (%s)", ending(w))
	case !w.ActiveState.Serving():
		return brokenBy(WorkerDown, "it is %s (%s)", w.ActiveState, ending(w))
	case asked && heard && !probe.Healthy && probe.Failures >= policy.Health.Threshold:
		return brokenBy(Unhealthy, "its health check failed %d times in a row: %s", probe.Failures, probe.Error)
	case step.State == Available:
		return verdict{standing: available}
	case asked && (!heard || !probe.Healthy):
		return verdict{standing: moving}
	case w.ActiveFor < policy.MinReadySec:
		return verdict{standing: moving, bake: policy.MinReadySec - w.ActiveFor}
	}
	return verdict{standing: available}
}

// ending is how the worker last ended, in systemd's words.
func ending(w units.Worker) string {
	return fmt.Sprintf("%s, result=%s, status=%d", w.ActiveState, w.Result, w.ExecMainStatus)
}
