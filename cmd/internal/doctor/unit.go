package doctor

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/clusterctl/clusterctl/units"
)

var unitChecks = []Check{
	{
		Name: "masked", Severity: Error, cluster: masked,
		Why: "A masked unit can't be started, by nobody: its worker is missing until it is unmasked.",
	},
	{
		Name: "missing", Severity: Error, cluster: missing,
		Why: "An enabled worker or a listener without a unit file fails at each start, at the next boot too.",
	},
	{
		Name: "daemon-reload", Severity: Error, cluster: daemonReload,
		Why: "systemd works with what it has read: a changed file takes effect with a reload, and a rollout refuses to work with half of a change.",
	},
	{
		Name: "drift", Severity: Warning, cluster: drift,
		Why: "Units that are not what their .cluster file says lose the difference when they are generated next, or keep a mistake that the file has mended.",
	},
	{
		Name: "policy", Severity: Error, cluster: policy,
		Why: "A rollout policy that can't be read or that contradicts itself stops every rollout, the one in an emergency too.",
	},
}

// units are all units of the cluster with their states.
func (c Cluster) units() []units.Unit {
	all := append([]units.Unit{c.Service}, c.Sockets...)
	for _, w := range c.Workers {
		all = append(all, w.Unit)
	}
	return all
}

func masked(c Cluster) []fault {
	var found []fault
	for _, u := range c.units() {
		if u.LoadState == units.Masked {
			unmask := c.systemctl("unmask", u.Name)
			if c.unitFileState(u.Name) == "masked-runtime" {
				unmask = c.systemctl("unmask --runtime", u.Name)
			}
			found = append(found, fault{u.Name, "masked", unmask + " && " + c.systemctl("start", u.Name)})
		}
	}
	return found
}

// unitFileState is how a unit is enabled or masked, "" if that is not known.
func (c Cluster) unitFileState(name string) string {
	setups := []units.Detail{c.Setup.Detail}
	for _, socket := range c.SocketSetups {
		setups = append(setups, socket.Detail)
	}
	for _, worker := range c.WorkerSetups {
		setups = append(setups, worker.Detail)
	}
	for _, d := range setups {
		if d.Name == name {
			return d.UnitFileState
		}
	}
	return ""
}

func missing(c Cluster) []fault {
	var found []fault
	for _, socket := range c.Sockets {
		if socket.LoadState == units.NotFound {
			found = append(found, fault{socket.Name, "no unit file: the cluster has no listener", c.bringBack(socket.Name)})
		}
	}
	for _, w := range c.Workers {
		if w.LoadState == units.NotFound {
			found = append(found, fault{w.Name, "enabled, and without a unit file", c.systemctl("disable", w.Name)})
		}
	}
	return found
}

// bringBack is for a socket whose file had gone. At the next reload systemd closes
// what it can't find in the file any more, and calls the unit active all the same.
func (c Cluster) bringBack(socket string) string {
	if c.Spec.Path == "" {
		return c.apply()
	}
	return c.clusterctl("generate", quote(c.Spec.Path), "--install") + " && " + c.systemctl("restart", socket) + c.roll()
}

func daemonReload(c Cluster) []fault {
	var changed []string
	for _, u := range c.units() {
		if u.NeedDaemonReload {
			changed = append(changed, u.Name)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return []fault{{names(changed), "changed on the disk, and not read by systemd yet", c.systemctl("daemon-reload")}}
}

func drift(c Cluster) []fault {
	switch {
	case c.Spec.Err != nil:
		return []fault{{c.Spec.Path, "makes no units any more: " + oneLine(c.Spec.Err), c.clusterctl("generate", quote(c.Spec.Path), "--dry-run   # says it again when the file is mended")}}
	case len(c.Spec.Drift) > 0:
		message := fmt.Sprintf("not what %s says", c.Spec.Path)
		return []fault{{names(c.Spec.Drift), message, c.apply()}}
	}
	return nil
}

// oneLine is an error that may have several lines.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func policy(c Cluster) []fault {
	if c.PolicyErr == nil {
		return nil
	}
	message := "not to be used: " + oneLine(c.PolicyErr)
	for _, path := range c.Setup.DropInPaths {
		if strings.Contains(message, path+":") {
			mend := "rm " + quote(path) + " && " + c.systemctl("daemon-reload")
			return []fault{{filepath.Base(path) + " of " + c.Service.Name, message, mend}}
		}
	}
	return []fault{{c.Service.Name, message, c.apply()}}
}
