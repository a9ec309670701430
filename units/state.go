package units

import (
	"slices"
	"strings"
	"time"
)

// ActiveState is the unit property of that name, org.freedesktop.systemd1(5).
type ActiveState string

// The active states that a rollout tells apart.
const (
	Active       ActiveState = "active"
	Reloading    ActiveState = "reloading"
	Refreshing   ActiveState = "refreshing"
	Inactive     ActiveState = "inactive"
	FailedState  ActiveState = "failed"
	Activating   ActiveState = "activating"
	Deactivating ActiveState = "deactivating"
)

// Serving says that the unit's process is up and has said that it is ready.
func (s ActiveState) Serving() bool {
	return s == Active || s == Reloading || s == Refreshing
}

// Down says that nothing of the unit runs and nothing is about to.
func (s ActiveState) Down() bool { return s == Inactive || s == FailedState }

// LoadState is the unit property of that name, org.freedesktop.systemd1(5).
type LoadState string

// The load states that need an answer of their own.
const (
	Loaded   LoadState = "loaded"
	NotFound LoadState = "not-found"
	Masked   LoadState = "masked"
)

// Unit is what every unit has, under the names of its D-Bus properties.
type Unit struct {
	Name             string
	LoadState        LoadState
	ActiveState      ActiveState
	SubState         string
	NeedDaemonReload bool
	// Result says why the unit last ended: "success", "exit-code",
	// "service-start-limit-hit" and so on (systemd.exec(5), $SERVICE_RESULT).
	Result string
	// Job is the id of the job queued for the unit, 0 if there is none.
	Job uint32
}

// Service is a service that is no worker, as it is now.
type Service struct {
	Unit
	InvocationID string
	MainPID      uint32
	StatusText   string // what it last said with STATUS= (sd_notify(3))
	// ExecMainCode and ExecMainStatus say how the last main process ended:
	// CLD_EXITED (1) and its exit status, or CLD_KILLED (2) and a signal
	// (sigaction(2)).
	ExecMainCode   int32
	ExecMainStatus int32
}

// Worker is one instance of the cluster's template, as it is now.
type Worker struct {
	Unit
	Instance string
	// InvocationID tells one start from another: it is new at every start,
	// an automatic restart included. It is empty while nothing ran yet.
	InvocationID string
	// NRestarts counts automatic restarts; a start or restart that somebody
	// asked for sets it back to 0.
	NRestarts uint32
	MainPID   uint32
	// ActiveFor is the time since the worker became active, 0 if it isn't.
	ActiveFor time.Duration
	// StatusText is what the worker last said with STATUS= (sd_notify(3)).
	StatusText string
	// ExecMainStatus is the exit status of the last main process.
	ExecMainStatus int32
	// Enabled says that the cluster wants this worker: it stands in the
	// Wants= of the cluster's service.
	Enabled bool
}

// WaitsForRestart says that the worker has ended and systemd is about to start
// it again by itself (Restart= of systemd.service(5)).
func (w Worker) WaitsForRestart() bool {
	return w.ActiveState == Activating && strings.HasPrefix(w.SubState, "auto-restart")
}

// Cluster is the live state of all units of a cluster.
type Cluster struct {
	Name    string
	Service Unit
	Sockets []Unit
	// Workers has the enabled workers and those that are loaded for another
	// reason, in the order of CompareInstances.
	Workers []Worker
	// Listen are the addresses of the sockets, as their Listen property has
	// them: "127.0.0.1:8080", "[::]:8080", "/run/web.sock".
	Listen []string
	// PolicyFiles are the unit file of the service and its drop-ins, in the
	// order in which systemd reads them.
	PolicyFiles []string
}

// SortWorkers puts the workers into the order of their instance names. It moves
// each worker once: there may be thousands, and they are large.
func SortWorkers(workers []Worker) {
	unsorted := slices.Clone(workers)
	order := make([]*Worker, len(unsorted))
	for i := range unsorted {
		order[i] = &unsorted[i]
	}
	slices.SortFunc(order, func(a, b *Worker) int { return CompareInstances(a.Instance, b.Instance) })
	for i, worker := range order {
		workers[i] = *worker
	}
}
