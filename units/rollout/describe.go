package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/units"
)

// Describe is where the rollout stands, in one sentence of kubectl's kind.
func Describe(run Run) string {
	updated := 0
	for _, step := range run.Steps {
		if step.State == Available {
			updated++
		}
	}
	total := len(run.Workers)
	switch run.Phase {
	case Complete:
		return fmt.Sprintf("cluster %q successfully rolled out: revision %d, %s in %s",
			run.Cluster, run.Revision, count(total, "worker"), seconds(run.Ended.Sub(run.Started)))
	case Failed:
		return fmt.Sprintf("rollout of %q to revision %d failed: %s (%d of %d workers updated)",
			run.Cluster, run.Revision, Failure(run), updated, total)
	case Interrupted:
		return fmt.Sprintf("rollout of %q to revision %d was interrupted: %d of %d workers updated",
			run.Cluster, run.Revision, updated, total)
	}
	return fmt.Sprintf("Waiting for rollout of %q to finish: %d of %d workers updated%s...",
		run.Cluster, updated, total, underWay(run))
}

// Failure is what went wrong, with the worker's unit first if it is about one.
func Failure(run Run) string {
	if run.Worker == "" {
		return run.Message
	}
	return fmt.Sprintf("worker %q: %s", units.WorkerName(run.Cluster, run.Worker), run.Message)
}

func underWay(run Run) string {
	var names []string
	for _, instance := range run.Workers {
		switch run.Steps[instance].State {
		case Restarting, Restarted, Unknown:
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

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
