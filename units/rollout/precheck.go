package rollout

import (
	"fmt"

	"github.com/clusterctl/clusterctl/units"
)

// Refusal is why a rollout is not begun. Hint is a command or a sentence that
// says what to do.
type Refusal struct {
	Message string
	Hint    string
}

func (r *Refusal) Error() string { return r.Message }

// Precheck looks before anything is stopped: a rollout of a cluster whose
// units are not in order would lose its workers one by one. A verb that leaves
// the workers stopped asks less.
func Precheck(cluster units.Cluster, verb Verb) error {
	if err := PrecheckExists(cluster); err != nil {
		return err
	}
	service := cluster.Service
	for _, socket := range cluster.Sockets {
		if err := precheckSocket(socket); err != nil && verb != Switch {
			return err
		}
	}
	if len(cluster.Workers) == 0 {
		return refuse(fmt.Sprintf("systemctl enable --now %s", units.WorkerName(cluster.Name, "1")),
			"cluster %q has no workers: no instance of %q is enabled", cluster.Name, units.WorkerName(cluster.Name, ""))
	}
	if verb != Switch && IsStopped(cluster) {
		return refuse("systemctl start "+service.Name, "cluster %q is not running (%s is %s)", cluster.Name, service.Name, service.ActiveState)
	}
	for _, u := range append([]units.Unit{service}, workerUnits(cluster.Workers)...) {
		if err := precheckLoaded(u); err != nil {
			return err
		}
	}
	return nil
}

// PrecheckExists refuses a name that no cluster has, and one whose service
// systemd can't load.
func PrecheckExists(cluster units.Cluster) error {
	service := cluster.Service
	switch {
	case service.LoadState == units.NotFound:
		return refuse("clusterctl status   # lists the clusters",
			"no cluster %q: systemd knows no unit %q", cluster.Name, service.Name)
	case service.LoadState == units.Masked:
		return refuse("systemctl unmask "+service.Name, "cluster %q is masked", cluster.Name)
	case service.LoadState != units.Loaded:
		return refuse("systemctl status "+service.Name, "unit %q can't be loaded (LoadState=%s)", service.Name, service.LoadState)
	}
	return nil
}

func precheckSocket(socket units.Unit) error {
	if socket.LoadState == units.NotFound {
		return refuse("clusterctl generate   # writes the units anew", "unit %q is missing: the cluster has no listener", socket.Name)
	}
	if err := precheckLoaded(socket); err != nil {
		return err
	}
	if socket.ActiveState != units.Active {
		return refuse("systemctl restart "+socket.Name, "the listener %q is %s (result=%s): a restarted worker would get no socket", socket.Name, socket.ActiveState, socket.Result)
	}
	return nil
}

func precheckLoaded(u units.Unit) error {
	switch {
	case u.LoadState == units.NotFound:
		return refuse("systemctl disable "+u.Name+"   # or write its unit file", "unit %q is enabled, but it has no unit file", u.Name)
	case u.LoadState == units.Masked:
		return refuse("systemctl unmask "+u.Name, "unit %q is masked", u.Name)
	case u.LoadState != units.Loaded:
		return refuse("systemctl status "+u.Name, "unit %q can't be loaded (LoadState=%s)", u.Name, u.LoadState)
	case u.NeedDaemonReload:
		return refuse("systemctl daemon-reload", "the file of unit %q has changed, and systemd has not read it yet", u.Name)
	}
	return nil
}

// IsStopped says that neither the cluster nor any of its workers runs.
func IsStopped(cluster units.Cluster) bool {
	return cluster.Service.ActiveState != units.Active && !anyServes(cluster.Workers)
}

func anyServes(workers []units.Worker) bool {
	for _, w := range workers {
		if w.ActiveState.Serving() {
			return true
		}
	}
	return false
}

func workerUnits(workers []units.Worker) []units.Unit {
	all := make([]units.Unit, len(workers))
	for i, w := range workers {
		all[i] = w.Unit
	}
	return all
}

func refuse(hint, format string, args ...any) *Refusal {
	return &Refusal{Message: fmt.Sprintf(format, args...), Hint: hint}
}
