// Package overview is what an operator sees of a cluster at one moment: the
// cluster, its listeners, its workers, and what stands in the way.
//
// Its invariant: Of is a pure function from what was read (Seen) to what is
// shown (Cluster). What could not be read is unknown in both, and neither 0 nor
// a fault of the worker.
package overview

import (
	"time"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// Cluster is what is shown of a cluster. The names in JSON are part of the
// interface.
type Cluster struct {
	Name        string            `json:"name"`
	ActiveState units.ActiveState `json:"active_state"`      // of its service
	Wanted      int               `json:"wanted"`            // workers that are enabled
	Ready       int               `json:"ready"`             // of all workers, those that serve
	Release     string            `json:"release,omitempty"` // that every worker is on, "" if there is no such one
	Rollout     *Rollout          `json:"rollout,omitempty"`
	Sockets     []Socket          `json:"sockets"`
	Listeners   []Listener        `json:"listeners"`
	Workers     []Worker          `json:"workers"`
	Problems    []Problem         `json:"problems"`
}

// Rollout is the newest one.
type Rollout struct {
	Revision int           `json:"revision"`
	Phase    rollout.Phase `json:"phase"`
	Release  string        `json:"release,omitempty"`
	Updated  int           `json:"updated"`
	Total    int           `json:"total"`
	Sentence string        `json:"sentence"`
}

// UnderWay says that it may still move workers.
func (r *Rollout) UnderWay() bool { return r != nil && !r.Phase.Over() }

// Socket is a unit that holds shared listeners.
type Socket struct {
	Unit        string            `json:"unit"`
	ActiveState units.ActiveState `json:"active_state"`
	Result      string            `json:"result"`
}

// Listener is one address that the workers share.
type Listener struct {
	Address string `json:"address"`
	// Queue is nil if nothing listens there, or the kernel does not tell.
	Queue *Queue `json:"queue,omitempty"`
}

// Queue are the connections that wait to be accepted.
type Queue struct {
	Waiting int    `json:"waiting"`
	Limit   int    `json:"limit"`
	Dropped uint64 `json:"dropped"` // since the listener was opened
}

// Worker is what is shown of a worker. What is nil, empty or zero was not read
// or can't be known.
type Worker struct {
	Unit        string            `json:"unit"`
	Instance    string            `json:"instance"`
	Enabled     bool              `json:"enabled"`
	ActiveState units.ActiveState `json:"active_state"`
	SubState    string            `json:"sub_state"`
	Result      string            `json:"result,omitempty"` // of its last end
	// Says is what the worker says of itself on its admin socket.
	Says       admin.State   `json:"says,omitempty"`
	Release    string        `json:"release,omitempty"`
	Since      *time.Time    `json:"since,omitempty"`
	Restarts   uint32        `json:"restarts"`
	MainPID    uint32        `json:"main_pid,omitempty"`
	Memory     uint64        `json:"memory_bytes,omitempty"`
	CPU        time.Duration `json:"cpu_nsec,omitempty"`
	Health     string        `json:"health,omitempty"` // "ok", or what was wrong
	Numbers    admin.Service `json:"numbers"`          // the sum over its services
	StatusText string        `json:"status_text,omitempty"`
	// Asked says that more was read of it than its state.
	Asked bool `json:"-"`
}

// Serves says that the worker is ready, and that nobody has taken it out of
// service.
func (w Worker) Serves() bool { return w.ActiveState.Serving() && !w.Says.OutOfService() }

// Problem is one thing that stands in the way, and the command that mends it or
// tells more.
type Problem struct {
	Subject string `json:"subject"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}
