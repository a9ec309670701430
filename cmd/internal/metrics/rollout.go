package metrics

import (
	"strconv"
	"time"

	"github.com/clusterctl/clusterctl/units/rollout"
)

var (
	rolloutInfo     = gauge("rollout_info", "The newest rollout; the value is always 1.", "cluster", "revision", "release", "reason")
	rolloutPhase    = gauge("rollout_phase", "Where the newest rollout stands: 1 for its phase, 0 for the others.", "cluster", "phase")
	rolloutRevision = gauge("rollout_revision", "Number of the newest rollout; its growth is the number of rollouts.", "cluster")
	rolloutWorkers  = gauge("rollout_workers", "Workers that the newest rollout is to move.", "cluster")
	rolloutUpdated  = gauge("rollout_workers_updated", "Workers that the newest rollout has moved and that are available.", "cluster")
	rolloutStart    = gauge("rollout_start_time_seconds", "When the newest rollout was begun, since 1970.", "cluster")
	rolloutProgress = gauge("rollout_progress_time_seconds", "When the newest rollout last came further, since 1970.", "cluster")
	rolloutEnd      = gauge("rollout_end_time_seconds", "When the newest rollout ended, since 1970; none while it is under way.", "cluster")
)

var phases = []rollout.Phase{
	rollout.Progressing, rollout.Held, rollout.RollingBack, rollout.Failing,
	rollout.Complete, rollout.RolledBack, rollout.Failed, rollout.Interrupted,
}

func (out samples) rollout(cluster string, run rollout.Run) {
	out.add(rolloutInfo, 1, cluster, strconv.Itoa(run.Revision), run.Release, string(run.Why().Reason))
	for _, phase := range phases {
		out.add(rolloutPhase, truth(run.Phase == phase), cluster, string(phase))
	}
	out.add(rolloutRevision, float64(run.Revision), cluster)
	out.add(rolloutWorkers, float64(len(run.Workers)), cluster)
	out.add(rolloutUpdated, float64(rollout.Updated(run)), cluster)
	out.add(rolloutStart, unix(run.Started), cluster)
	out.add(rolloutProgress, unix(run.Progressed), cluster)
	if !run.Ended.IsZero() {
		out.add(rolloutEnd, unix(run.Ended), cluster)
	}
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// target says whether a worker is where the newest rollout wants all to be.
type target func(worker) bool

// targetOf takes those that have come after the rollout as being there, if they
// are on its release.
func targetOf(run *rollout.Run) target {
	if run == nil {
		return func(worker) bool { return true }
	}
	if run.Release != "" {
		return func(w worker) bool { return w.release == run.Release }
	}
	planned := make(map[string]bool, len(run.Workers))
	for _, instance := range run.Workers {
		planned[instance] = true
	}
	return func(w worker) bool {
		return !planned[w.Instance] || run.Steps[w.Instance].State == rollout.Available
	}
}
