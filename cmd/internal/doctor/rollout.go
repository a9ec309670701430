package doctor

import (
	"fmt"
	"time"

	"github.com/clusterctl/clusterctl/units/rollout"
)

var rolloutChecks = []Check{
	{
		Name: "rollout-interrupted", Severity: Error, cluster: interrupted,
		Why: "A rollout whose engine has gone, by a reboot or by hand, has left the cluster between two releases. It waits for somebody to say where to go.",
	},
	{
		Name: "rollout-clock", Severity: Warning, cluster: rolloutClock,
		Why: "A rollout that was recorded in the future says that the clock has stepped back since. The history is out of order then, and deadlines of a rollout that goes on count from there.",
	},
}

func interrupted(c Cluster) []fault {
	if c.Run == nil || c.UnderWay || c.Run.Phase.Over() && c.Run.Phase != rollout.Interrupted {
		return nil
	}
	return []fault{{
		fmt.Sprintf("revision %d", c.Run.Revision),
		fmt.Sprintf("interrupted, with %d of %d workers updated", rollout.Updated(*c.Run), len(c.Run.Workers)),
		c.clusterctl("rollout resume", c.Name, "  # or, to go back: rollout abort"),
	}}
}

func rolloutClock(c Cluster) []fault {
	if c.Run == nil || !c.Run.Started.After(c.Now.Add(Tolerance)) {
		return nil
	}
	return []fault{{
		fmt.Sprintf("revision %d", c.Run.Revision),
		"begun in the future, at " + c.Run.Started.Local().Format(time.DateTime),
		c.clusterctl("rollout restart", c.Name, "  # records one of today; mind the clock: timedatectl"),
	}}
}
