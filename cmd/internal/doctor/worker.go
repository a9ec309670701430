package doctor

import (
	"fmt"
	"strconv"

	"github.com/clusterctl/clusterctl/units"
)

var workerChecks = []Check{
	{
		Name: "cluster-down", Severity: Error, cluster: clusterDown,
		Why: "A cluster that is enabled and does not run serves nobody but the one whose connection starts it.",
	},
	{
		Name: "worker-down", Severity: Error, cluster: workerDown,
		Why: "A worker that is enabled and down is missing in the capacity, and the next rollout begins with it.",
	},
	{
		Name: "worker-number", Severity: Warning, cluster: workerNumber,
		Why: "The links of enabled workers are the size of a cluster. If it differs from Workers= of the .cluster file, the next boot or generate may bring another.",
	},
	{
		Name: "worker-beyond", Severity: Warning, cluster: workerBeyond,
		Why: "A worker that runs and is not enabled is gone with the next boot. A rollout that failed may have left it to stand in.",
	},
	{
		Name: "admin-socket", Severity: Error, cluster: adminSocket,
		Why: "The health of one worker can be asked on its admin socket alone. A worker that does not answer there fails every rollout with Health= on it.",
	},
}

func clusterDown(c Cluster) []fault {
	service := c.Service
	switch {
	case service.ActiveState == units.FailedState:
		return []fault{{service.Name, fmt.Sprintf("failed (result=%s)", service.Result), c.systemctl("restart", service.Name)}}
	case service.LoadState == units.Loaded && service.ActiveState == units.Inactive && c.isEnabled():
		return []fault{{service.Name, "enabled, and not running", c.systemctl("start", service.Name)}}
	}
	return nil
}

// isEnabled says that the cluster starts with the host. Units of the systemd
// generator are "generated", whatever its links say.
func (c Cluster) isEnabled() bool {
	state := c.Setup.UnitFileState
	return state == "enabled" || state == "enabled-runtime" || state == "generated" && c.Spec.AtBoot
}

func workerDown(c Cluster) []fault {
	if c.Service.ActiveState != units.Active || c.UnderWay {
		return nil
	}
	crashing := c.grouped(func(w units.Worker) string {
		if !w.Enabled || w.LoadState != units.Loaded || !w.WaitsForRestart() {
			return ""
		}
		return fmt.Sprintf("it ends again and again (result=%s, status=%d), %d restarts so far", w.Result, w.ExecMainStatus, w.NRestarts)
	})
	var found []fault
	for _, g := range crashing {
		found = append(found, fault{names(g.units), g.message, c.clusterctl("logs", g.typed[0], "-n 50   # says why")})
	}
	down := c.grouped(func(w units.Worker) string {
		if !w.Enabled || w.LoadState != units.Loaded || !w.ActiveState.Down() || w.Job != 0 {
			return ""
		}
		return fmt.Sprintf("enabled, and %s (result=%s)", w.ActiveState, w.Result)
	})
	return append(found, c.faults(down, "start")...)
}

func workerNumber(c Cluster) []fault {
	if c.Spec.Workers == 0 {
		return nil
	}
	var beyond, lacking []string
	enabled := make(map[string]bool)
	for _, w := range c.Workers {
		enabled[w.Instance] = w.Enabled
		if n, err := strconv.Atoi(w.Instance); w.Enabled && err == nil && n > c.Spec.Workers {
			beyond = append(beyond, w.Name)
		}
	}
	for n := 1; n <= c.Spec.Workers; n++ {
		if instance := strconv.Itoa(n); !enabled[instance] {
			lacking = append(lacking, units.WorkerName(c.Name, instance))
		}
	}
	var found []fault
	message := fmt.Sprintf("enabled, and %s says Workers=%d", c.Spec.Path, c.Spec.Workers)
	if len(beyond) > 0 {
		found = append(found, fault{names(beyond), message, c.apply()})
	}
	if len(lacking) > 0 {
		found = append(found, fault{names(lacking), "not " + message, c.apply()})
	}
	return found
}

func workerBeyond(c Cluster) []fault {
	if c.UnderWay {
		return nil
	}
	beyond := c.grouped(func(w units.Worker) string {
		if w.Enabled || !w.ActiveState.Serving() {
			return ""
		}
		return "up, and not enabled"
	})
	return c.faults(beyond, "stop")
}

func adminSocket(c Cluster) []fault {
	isWanted := c.PolicyErr == nil && c.Policy.Health.OnAdminSocket() || c.hasLibrary()
	if !isWanted || c.UnderWay {
		return nil
	}
	silent := c.grouped(func(w units.Worker) string {
		answer := c.Answers[w.Instance] // who is not up was not asked, and has no fault
		if answer.Err == nil {
			return ""
		}
		return "no answer: " + oneLine(answer.Err)
	})
	return c.faults(silent, "restart")
}
