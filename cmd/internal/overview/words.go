package overview

import (
	"fmt"
	"strconv"

	"github.com/clusterctl/clusterctl/cmd/internal/table"
	"github.com/clusterctl/clusterctl/units"
)

// State is the worker's state in the words of systemctl: "active (running)",
// "failed (exit-code)". A worker that is out of service says so itself.
func (w Worker) State() string {
	detail := w.SubState
	switch {
	case w.ActiveState.Serving() && w.Says.OutOfService():
		detail = string(w.Says)
	case w.ActiveState == units.FailedState && w.Result != "":
		detail = w.Result
	case w.ActiveState == units.Inactive:
		return string(w.ActiveState)
	}
	return fmt.Sprintf("%s (%s)", w.ActiveState, detail)
}

// WaitsForRestart says that the worker has ended and systemd is about to start it
// again.
func (w Worker) WaitsForRestart() bool {
	return units.Worker{Unit: units.Unit{ActiveState: w.ActiveState, SubState: w.SubState}}.WaitsForRestart()
}

// Style is how the state looks: what somebody has done on purpose, or what is
// under way, is odd and not bad.
func (w Worker) Style() table.Style {
	sick := w.Health != "" && w.Health != "ok"
	switch {
	case w.ActiveState == units.FailedState, w.WaitsForRestart():
		return table.Bad
	case w.Serves() && !sick:
		return table.Good
	}
	return table.Odd
}

// Number is a number of a worker's, "-" if it is not known.
func Number(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}

// Style is how the state of the cluster looks.
func (c Cluster) Style() table.Style {
	switch {
	case c.ActiveState == units.FailedState:
		return table.Bad
	case c.ActiveState == units.Active && c.Ready >= c.Wanted && len(c.Problems) == 0:
		return table.Good
	}
	return table.Odd
}

// String is the rollout in a word or two: "Complete (4)", with the revision.
func (r *Rollout) String() string {
	switch {
	case r == nil:
		return ""
	case r.UnderWay():
		return fmt.Sprintf("%s %d/%d (%d)", r.Phase, r.Updated, r.Total, r.Revision)
	}
	return fmt.Sprintf("%s (%d)", r.Phase, r.Revision)
}
