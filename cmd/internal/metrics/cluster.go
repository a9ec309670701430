package metrics

import (
	"github.com/clusterctl/clusterctl/units"
)

var (
	clusterActive    = gauge("cluster_active", "Whether the cluster is started (its service is active).", "cluster")
	clusterWorkers   = gauge("cluster_workers", "Workers by the state that systemd has them in.", "cluster", "state")
	clusterEnabled   = gauge("cluster_workers_enabled", "Workers that the cluster wants.", "cluster")
	clusterReady     = gauge("cluster_workers_ready", "Workers that have said READY=1 and are in service.", "cluster")
	clusterAvailable = gauge("cluster_workers_available", "Workers that have been ready for MinReadySec= of the cluster.", "cluster")
	clusterUpdated   = gauge("cluster_workers_updated", "Workers that are at the target of the newest rollout.", "cluster")
	clusterReleases  = gauge("cluster_releases", "Releases that are kept on the disk.", "cluster")

	listenerActive    = gauge("listener_active", "Whether the socket unit is active; a worker that starts while it is not gets no listener.", "cluster", "socket")
	listenerLength    = gauge("listener_queue_length", "Connections that wait to be accepted.", "cluster", "address")
	listenerLimit     = gauge("listener_queue_limit", "Connections that can wait; the kernel drops the next.", "cluster", "address")
	listenerOverflows = counter("listener_overflows_total", "Connections that the kernel has dropped since the listener was opened, mostly because its accept queue was full.", "cluster", "address")
)

// states are those that every cluster has a sample of.
var states = []units.ActiveState{
	units.Active, units.Reloading, units.Refreshing, units.Activating, units.Deactivating, units.Inactive, units.FailedState,
}

func (out samples) cluster(c Cluster) {
	seen := c.Seen
	out.add(clusterActive, truth(seen.Service.ActiveState == units.Active), c.Name)
	for _, socket := range seen.Sockets {
		out.add(listenerActive, truth(socket.ActiveState == units.Active), c.Name, socket.Name)
	}
	count := make(map[units.ActiveState]int)
	for _, state := range states {
		count[state] = 0
	}
	isUpdated := targetOf(seen.Rollout)
	var enabled, ready, available, updated int
	for _, unit := range seen.Workers {
		w := workerOf(seen, unit)
		out.worker(c, w, isUpdated)
		count[unit.ActiveState]++
		enabled += int(truth(unit.Enabled))
		ready += int(truth(w.ready()))
		available += int(truth(w.available(seen.Policy)))
		updated += int(truth(isUpdated(w)))
	}
	for state, workers := range count {
		out.add(clusterWorkers, float64(workers), c.Name, string(state))
	}
	out.add(clusterEnabled, float64(enabled), c.Name)
	out.add(clusterReady, float64(ready), c.Name)
	if c.Partial {
		return // without the policy and the rollout the rest is not known
	}
	out.add(clusterAvailable, float64(available), c.Name)
	out.add(clusterUpdated, float64(updated), c.Name)
	out.add(clusterReleases, float64(c.Kept), c.Name)
	out.queues(c)
	if seen.Rollout != nil {
		out.rollout(c.Name, *seen.Rollout)
	}
}

func (out samples) queues(c Cluster) {
	told := make(map[string]bool)
	for _, queue := range c.Seen.Queues {
		if told[queue.Address] { // of two units that listen on the same
			continue
		}
		told[queue.Address] = true
		out.add(listenerLength, float64(queue.Waiting), c.Name, queue.Address)
		out.add(listenerLimit, float64(queue.Limit), c.Name, queue.Address)
		out.add(listenerOverflows, float64(queue.Dropped), c.Name, queue.Address)
	}
}
