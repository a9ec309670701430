package overview

import "slices"

// Change is what has changed between two looks at a cluster: the cluster as it
// is now, of its workers those alone that changed.
type Change struct {
	Cluster
	Gone []string `json:"gone,omitempty"` // units that are no workers of it any more
	// Itself says that more than workers has changed.
	Itself bool `json:"-"`
}

// IsEmpty says that nothing has changed.
func (c Change) IsEmpty() bool { return !c.Itself && len(c.Workers) == 0 && len(c.Gone) == 0 }

// Compare is what has changed. Numbers that never stand still are no change.
func Compare(before, after Cluster) Change {
	change := Change{Cluster: after, Itself: isOther(before, after)}
	change.Workers = []Worker{}
	known := make(map[string]Worker, len(before.Workers))
	for _, worker := range before.Workers {
		known[worker.Unit] = worker
	}
	for _, worker := range after.Workers {
		old, existed := known[worker.Unit]
		if !existed || !sameWorker(old, worker) {
			change.Workers = append(change.Workers, worker)
		}
		delete(known, worker.Unit)
	}
	for _, worker := range before.Workers { // in their order
		if _, gone := known[worker.Unit]; gone {
			change.Gone = append(change.Gone, worker.Unit)
		}
	}
	return change
}

func sameWorker(a, b Worker) bool {
	sameSince := a.Since == nil || b.Since == nil || a.Since.Equal(*b.Since)
	return sameSince && still(a) == still(b)
}

// steady are the fields of a worker that only change when something happens.
type steady struct {
	unit, active, sub, says, release, health, status string
	enabled                                          bool
	restarts, pid                                    uint32
}

func still(w Worker) steady {
	return steady{w.Unit, string(w.ActiveState), w.SubState, string(w.Says), w.Release, w.Health, w.StatusText, w.Enabled, w.Restarts, w.MainPID}
}

func isOther(a, b Cluster) bool {
	return a.ActiveState != b.ActiveState || a.Wanted != b.Wanted || a.Ready != b.Ready || a.Release != b.Release ||
		sentence(a.Rollout) != sentence(b.Rollout) || !slices.Equal(a.Sockets, b.Sockets)
}

func sentence(r *Rollout) string {
	if r == nil {
		return ""
	}
	return r.Sentence
}
