package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// Describe is where the rollout stands, in one sentence of kubectl's kind.
func Describe(run Run) string {
	target := fmt.Sprintf("revision %d", run.Revision)
	if run.Release != "" {
		target += fmt.Sprintf(" (release %q)", run.Release)
	}
	moved := fmt.Sprintf("%d of %s updated", Updated(run), count(len(run.Workers), "worker"))
	switch run.Phase {
	case Complete:
		return fmt.Sprintf("cluster %q successfully rolled out: %s, %s in %s",
			run.Cluster, target, count(len(run.Workers), "worker"), took(run))
	case RolledBack:
		return fmt.Sprintf("rollout of %q to %s was rolled back: %s (%s went back, in %s)",
			run.Cluster, target, why(run, run.Failure), count(returned(run), "worker"), took(run))
	case Failing:
		return fmt.Sprintf("rollout of %q to %s is failing: %s (%s%s)", run.Cluster, target, Failure(run), moved, underWay(run))
	case Failed:
		return fmt.Sprintf("rollout of %q to %s failed: %s (%s%s)", run.Cluster, target, Failure(run), moved, leftUp(run))
	case Interrupted:
		return fmt.Sprintf("rollout of %q to %s was interrupted: %s", run.Cluster, target, moved)
	case Held:
		return fmt.Sprintf("rollout of %q to %s is held: %s", run.Cluster, target, moved) + heldUntil(run)
	case RollingBack:
		return fmt.Sprintf("Waiting for rollout of %q to go back: %s%s...", run.Cluster, why(run, run.Failure), underWay(run))
	case Progressing:
	}
	return fmt.Sprintf("Waiting for rollout of %q to finish: %s%s...", run.Cluster, moved, underWay(run))
}

// Updated counts the workers that are available at the target.
func Updated(run Run) int {
	updated := 0
	for _, instance := range run.Workers {
		if run.Steps[instance].State == Available {
			updated++
		}
	}
	return updated
}

// Why is what was wrong with a rollout that did not go through.
func (r Run) Why() Cause {
	if r.Failure != (Cause{}) {
		return r.Failure
	}
	return r.Cause
}

// WaitsForSomebody says that the rollout is held until somebody lets it go on, and
// that nobody has yet.
func (r Run) WaitsForSomebody() bool {
	switch {
	case r.Phase != Held:
		return false
	case r.Reason == Paused:
		return r.Paused
	}
	return r.Policy.CanaryHoldSec == spec.Infinity && !r.CanaryPassed
}

// returned counts the workers that are back on the release they had.
func returned(run Run) int {
	returned := 0
	for _, instance := range run.Workers {
		if run.Back[instance].State == Available {
			returned++
		}
	}
	return returned
}

// leftUp names the workers beyond the usual number that had to be left running.
func leftUp(run Run) string {
	var names []string
	for _, instance := range run.Surge {
		if step := run.step(instance); step.State != Pending && step.Verb != Stop {
			names = append(names, units.WorkerName(run.Cluster, instance))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", " + strings.Join(names, ", ") + " left running to stand in"
}

// Failure is what went wrong, with the worker's unit first if it is about one.
func Failure(run Run) string {
	if run.Failure != (Cause{}) && run.Failure != run.Cause {
		return fmt.Sprintf("%s; and then it could not be taken back: %s", why(run, run.Failure), why(run, run.Cause))
	}
	return why(run, run.Cause)
}

func why(run Run, cause Cause) string {
	if cause.Worker == "" {
		return cause.Message
	}
	return fmt.Sprintf("worker %q: %s", units.WorkerName(run.Cluster, cause.Worker), cause.Message)
}

func heldUntil(run Run) string {
	switch {
	case run.Reason == Paused:
		return ", paused"
	case run.Policy.CanaryHoldSec == spec.Infinity:
		return `, the canary is looked at until "clusterctl rollout resume"`
	}
	return ", the canary is looked at until " + run.HeldSince.Add(run.Policy.CanaryHoldSec).Local().Format(time.TimeOnly)
}

func underWay(run Run) string {
	var names []string
	steps := run.steps()
	for _, instance := range slices.Concat(run.Surge, run.Workers) {
		if step := steps[instance]; step.isOpen() {
			names = append(names, units.WorkerName(run.Cluster, instance))
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case len(names) > 3:
		return fmt.Sprintf(", %s and %d more under way", strings.Join(names[:3], ", "), len(names)-3)
	}
	return ", " + strings.Join(names, ", ") + " under way"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func took(run Run) string { return fmt.Sprintf("%.2f s", run.Ended.Sub(run.Started).Seconds()) }
