package rollout

import "slices"

// LastWhole is the last release that a rollout has brought to every worker, ""
// if there was none. The runs are in the order of their revisions.
func LastWhole(runs []Run) string {
	for _, run := range slices.Backward(runs) {
		if run.Phase == Complete && run.Release != "" {
			return run.Release
		}
	}
	return ""
}

// BeforeLast is the last release that a rollout has brought to every worker and
// that is another than the one that they run, "" if there is none.
func BeforeLast(runs []Run) string {
	current := LastWhole(runs)
	for _, run := range slices.Backward(runs) {
		if run.Phase == Complete && run.Release != "" && run.Release != current {
			return run.Release
		}
	}
	return ""
}

// Needed are the releases that must not go: those of the newest rollout, which
// may go on, and that which an undo brings back.
func Needed(runs []Run) []string {
	if len(runs) == 0 {
		return nil
	}
	newest := runs[len(runs)-1]
	return []string{newest.Release, newest.Previous, BeforeLast(runs)}
}
