package rollout

import (
	"context"
	"errors"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// ErrUnreachable is what a Systemd wraps when the manager, or the bus to it,
// can't be reached at the moment. It says nothing about any worker.
var ErrUnreachable = errors.New("systemd can't be reached")

// Systemd is what a rollout needs of the manager, for the units of one cluster.
type Systemd interface {
	// List is the truth of this moment.
	List(context.Context) (units.Cluster, error)
	// Restart, Reload and Stop queue a job and wait for its result.
	Restart(ctx context.Context, unit string) (units.JobResult, error)
	Reload(ctx context.Context, unit string) (units.JobResult, error)
	Stop(ctx context.Context, unit string) (units.JobResult, error)
	// Changes says that something may have changed since the last List, the
	// loss of the connection included.
	Changes() <-chan struct{}
}

// Dialer reaches the manager anew after ErrUnreachable.
type Dialer interface {
	Dial(context.Context) (Systemd, error)
}

// Releases are the links from workers to the releases that they run.
type Releases interface {
	// Current is the release that a worker's link points at, "" without one.
	Current(instance string) (string, error)
	// Switch points the link at a release, whole or not at all.
	Switch(instance, release string) error
	// Forget takes away the link of a worker that is gone.
	Forget(instance string) error
}

// Queues are the accept queues of the shared listeners.
type Queues interface {
	// Full is the address of the first listener that is full and that a worker
	// holds, "" if there is none. One that no worker accepts from yet has room
	// again when a worker is rolled, and not before.
	Full(cluster units.Cluster) (string, error)
}

// HealthCheck asks one worker whether it is healthy; nil means that it is.
type HealthCheck interface {
	Check(ctx context.Context, health spec.Health, worker units.Worker) error
}

// Recorder keeps the entries; Append returns when they can't be lost any more.
type Recorder interface {
	Append(...Entry) error
}
