package events

import (
	"fmt"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// RolloutReader makes events of the journal of one rollout, entry by entry.
type RolloutReader struct{ phase rollout.Phase }

// Read is the event that an entry tells of, given the run after it, and false if
// it tells of none.
func (r *RolloutReader) Read(entry rollout.Entry, run rollout.Run) (Event, bool) {
	before := r.phase
	r.phase = run.Phase
	event := Event{Time: entry.Time, Kind: Rollout, Unit: units.RolloutName(run.Cluster), Revision: run.Revision}
	switch {
	case entry.Kind == rollout.KindStart:
		event.Message = fmt.Sprintf("revision %d began: %s", run.Revision, asked(run))
	case entry.Kind == rollout.KindResume:
		event.Message = fmt.Sprintf("revision %d goes on after the end of its engine", run.Revision)
	case entry.Kind == rollout.KindRequest:
		event.Message = fmt.Sprintf("revision %d was asked to %s", run.Revision, entry.Request)
	case run.Phase != before && run.Phase != rollout.Progressing:
		event.Message = rollout.Describe(run)
	default:
		return Event{}, false
	}
	return event, true
}

// asked is what a rollout is for, and who asked for it.
func asked(run rollout.Run) string {
	workers := fmt.Sprintf("%d workers", len(run.Workers))
	if len(run.Workers) == 1 {
		workers = "1 worker"
	}
	if run.Release != "" {
		return fmt.Sprintf("release %q to %s, asked for by %s", run.Release, workers, run.By)
	}
	return fmt.Sprintf("%s %s, asked for by %s", run.Verb, workers, run.By)
}
