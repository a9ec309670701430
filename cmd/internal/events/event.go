// Package events makes of systemd's journal and of the recorded rollouts what
// happened to a cluster, one event a thing that happened.
//
// It only reads: what goes in are entries, and the order in which they stand is
// the order of the events.
package events

import "time"

// Kind is the stable word for what happened.
type Kind string

// The kinds.
const (
	Started   Kind = "started"
	Restarted Kind = "restarted"
	Reloaded  Kind = "reloaded"
	Stopped   Kind = "stopped"
	Crashed   Kind = "crashed"  // it ended by itself, or by a signal
	Watchdog  Kind = "watchdog" // it hung, and systemd killed it
	OOMKill   Kind = "oom-kill" // the kernel or systemd-oomd took its memory
	TimedOut  Kind = "timeout"  // it did not start or stop in time
	Failed    Kind = "failed"   // for any other reason
	Rollout   Kind = "rollout"
	Scaled    Kind = "scaled"
	Drained   Kind = "drained"   // taken out of service
	Undrained Kind = "undrained" // put back into service
)

// Event is one thing that happened.
type Event struct {
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`
	// Unit is what it happened to.
	Unit string `json:"unit"`
	// Worker is the instance name if it happened to a worker.
	Worker string `json:"worker,omitempty"`
	// Revision is that of a rollout.
	Revision int `json:"revision,omitempty"`
	// Message says more than the kind, if there is more to say.
	Message string `json:"message,omitempty"`
}

// IsBad says that nobody asked for it.
func (k Kind) IsBad() bool {
	switch k {
	case Crashed, Watchdog, OOMKill, TimedOut, Failed:
		return true
	case Started, Restarted, Reloaded, Stopped, Rollout, Scaled, Drained, Undrained:
	}
	return false
}
