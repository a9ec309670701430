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
	switch step.State {
	case Pending:
		return verdict{standing: waiting}
	case Restarting:
		return verdict{standing: moving}
	case Unknown:
		return judgeUnknown(policy, step, w, probe)
	case Available:
		return judgeStart(policy, step, w, probe)
	}
	if step.Error != "" {
		return brokenBy(JobFailed, "%s", step.Error)
	}
	if step.Result != units.JobDone {
		return brokenBy(JobFailed, "the restart job ended with the result %q (%s)", step.Result, ending(w))
	}
	return judgeStart(policy, step, w, probe)
}

// judgeUnknown finds out from the worker itself what became of a job whose
// engine died.
func judgeUnknown(policy spec.Policy, step Step, w units.Worker, probe Probe) verdict {
	switch {
	case w.Job != 0, w.ActiveState == units.Activating, w.ActiveState == units.Deactivating:
		return verdict{standing: moving}
	case w.InvocationID == step.Before || w.ActiveState.Down():
		return verdict{standing: waiting} // it never began, or ended badly: it is tried once more
	}
	return judgeStart(policy, step, w, probe)
}

// judgeStart holds a start that followed our job against the gates.
func judgeStart(policy spec.Policy, step Step, w units.Worker, probe Probe) verdict {
	switch {
	case w.InvocationID == step.Before:
		// A job can be "done" although nothing was done.
		return brokenBy(NothingDone, "the restart job ended with the result \"done\", but the worker was not started anew")
	case w.NRestarts > 0:
		return brokenBy(RestartedWhileBaking, "it ended and systemd started it again (%s)", ending(w))
	case w.ActiveState == units.Activating:
		return verdict{standing: moving}
	case !w.ActiveState.Serving():
		return brokenBy(WorkerDown, "it is %s (%s)", w.ActiveState, ending(w))
	case policy.Health.Kind != spec.HealthNone && probe.InvocationID == w.InvocationID && !probe.Healthy && probe.Failures >= policy.Health.Threshold:
		return brokenBy(Unhealthy, "its health check failed %d times in a row: %s", probe.Failures, probe.Error)
	case policy.Health.Kind != spec.HealthNone && (probe.InvocationID != w.InvocationID || !probe.Healthy):
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
