package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

var settingChecks = []Check{
	{
		Name: "start-limit", Severity: Error, cluster: startLimit,
		Why: "A worker that is started too often stays down and takes the socket with it: at its start limit (StartLimitIntervalSec=) systemd closes the listener of all workers.",
	},
	{
		Name: "trigger-limit", Severity: Error, cluster: triggerLimit,
		Why: "A socket that wakes its service too often (TriggerLimitIntervalSec=) closes its port for good; while all workers are down each connection wakes it.",
	},
	{
		Name: "non-blocking", Severity: Error, cluster: nonBlocking,
		Why: "All workers share the O_NONBLOCK flag of the listener. Without NonBlocking=yes each start of a worker clears it, and the others hang in accept and lose connections.",
	},
	{
		Name: "override", Severity: Error, cluster: override,
		Why: "A drop-in of a unit can set what a .cluster file is refused for, because it breaks a cluster.",
	},
	{
		Name: "drain-time", Severity: Error, cluster: drainTime,
		Why: "systemd kills a worker after TimeoutStopSec=. If that is shorter than DrainSec=, requests that were promised their time are cut.",
	},
	{
		Name: "notify", Severity: Error, cluster: neverReady,
		Why: "With Type=notify a worker is started when it says READY=1. A program that never says it is killed at TimeoutStartSec= and started again, for ever.",
	},
	{
		Name: "watchdog", Severity: Warning, cluster: watchdog,
		Why: "A worker that hangs is replaced only by the watchdog. A worker with the library feeds it by itself, WatchdogSec= is all that is needed.",
	},
}

// setups are the different ways in which workers are set up, each with those that
// have it: mostly there is one.
func (c Cluster) setups(is func(units.ServiceDetail) bool) (units.ServiceDetail, []string) {
	var with []string
	var one units.ServiceDetail
	for _, w := range c.Workers {
		if d, known := c.WorkerSetups[w.Instance]; known && d.LoadState == units.Loaded && is(d) {
			with = append(with, w.Name)
			one = d
		}
	}
	return one, with
}

func startLimit(c Cluster) []fault {
	var found []fault
	mend := func(d units.Detail) string {
		return c.withoutKey(d, "Unit", "StartLimitIntervalSec", "StartLimitInterval", "StartLimitBurst")
	}
	for _, socket := range c.SocketSetups {
		if socket.LoadState == units.Loaded && socket.StartLimitInterval != 0 {
			found = append(found, fault{socket.Name, "a start limit, wanted StartLimitIntervalSec=0", mend(socket.Detail)})
		}
	}
	d, with := c.setups(func(d units.ServiceDetail) bool { return d.StartLimitInterval != 0 })
	if len(with) > 0 {
		found = append(found, fault{names(with), "a start limit, wanted StartLimitIntervalSec=0", mend(d.Detail)})
	}
	return found
}

func triggerLimit(c Cluster) []fault {
	var found []fault
	for _, socket := range c.SocketSetups {
		if socket.LoadState == units.Loaded && socket.TriggerLimitInterval != 0 {
			mend := c.withoutKey(socket.Detail, "Socket", "TriggerLimitIntervalSec", "TriggerLimitBurst")
			found = append(found, fault{socket.Name, "a trigger limit, wanted TriggerLimitIntervalSec=0", mend})
		}
	}
	return found
}

func nonBlocking(c Cluster) []fault {
	d, with := c.setups(func(d units.ServiceDetail) bool { return !d.NonBlocking })
	if len(with) == 0 {
		return nil
	}
	return []fault{{names(with), "NonBlocking=no, wanted yes", c.withoutKey(d.Detail, "Service", "NonBlocking") + c.roll()}}
}

// judged are the settings that have a check of their own, which looks at what
// holds and not at what is written.
var judged = []string{"StartLimitIntervalSec", "StartLimitInterval", "StartLimitBurst", "TriggerLimitIntervalSec", "TriggerLimitBurst", "NonBlocking"}

func override(c Cluster) []fault {
	var found []fault
	var seen []string
	look := func(d units.Detail) {
		for _, path := range d.DropInPaths {
			if slices.Contains(seen, path) {
				continue
			}
			seen = append(seen, path)
			for _, f := range spec.DropInFaults(c.Name, spec.Source{Path: path, Data: []byte(c.Files[path])}) {
				if !slices.Contains(judged, f.Key) {
					message := fmt.Sprintf("%s=%s %s", f.Key, f.Value, f.Why)
					found = append(found, fault{fmt.Sprintf("%s:%d", path, f.Line), message, c.withoutKey(d, f.Section, f.Key)})
				}
			}
		}
	}
	for _, socket := range c.SocketSetups {
		look(socket.Detail)
	}
	for _, w := range c.Workers {
		look(c.WorkerSetups[w.Instance].Detail)
	}
	return found
}

func drainTime(c Cluster) []fault {
	drain := c.Policy.DrainSec
	d, with := c.setups(func(d units.ServiceDetail) bool { return d.TimeoutStop < drain })
	if len(with) == 0 || c.PolicyErr != nil {
		return nil
	}
	message := fmt.Sprintf("killed after TimeoutStopSec=%s, and promised DrainSec=%s to drain", spec.FormatTimeSpan(d.TimeoutStop), spec.FormatTimeSpan(drain))
	mend := c.withoutKey(d.Detail, "Service", "TimeoutStopSec", "TimeoutSec")
	if strings.HasPrefix(mend, "sed ") {
		return []fault{{names(with), message, mend}}
	}
	return []fault{{names(with), message, c.withoutKey(c.Setup.Detail, "X-Cluster", "DrainSec")}}
}

func neverReady(c Cluster) []fault {
	var silent []string
	for _, w := range c.Workers {
		speaks := strings.HasPrefix(c.WorkerSetups[w.Instance].Type, "notify")
		waits := w.ActiveState == units.Activating && w.StatusText == "" && w.NRestarts > 0 && !w.WaitsForRestart()
		if speaks && (waits || w.Result == "protocol") {
			silent = append(silent, w.Name)
		}
	}
	if len(silent) == 0 {
		return nil
	}
	return []fault{{
		names(silent), "no READY=1 in time (Type=notify): killed and started again, for ever",
		c.adding("type.conf", `[Service]\nType=exec\n`) + "   # for a program that can't say READY=1; Ready= in [Cluster] asks it instead",
	}}
}

func watchdog(c Cluster) []fault {
	_, without := c.setups(func(d units.ServiceDetail) bool { return d.Watchdog == 0 })
	if len(without) == 0 || !c.hasLibrary() {
		return nil
	}
	return []fault{{names(without), "no watchdog: who hangs, hangs for ever", c.adding("watchdog.conf", `[Service]\nWatchdogSec=10s\n`)}}
}

// hasLibrary says that the workers are of the activation library: one of them has
// answered as such.
func (c Cluster) hasLibrary() bool {
	for _, answer := range c.Answers {
		if answer.Err == nil {
			return true
		}
	}
	return false
}
