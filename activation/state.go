package activation

import "sync/atomic"

// The states of a worker, as /readyz and /stats say them.
const (
	stateStarting int32 = iota
	stateReady
	stateDraining // out of service; drained, once no connection is left
	stateStopping
)

type state struct{ value atomic.Int32 }

func (s *state) set(value int32) { s.value.Store(value) }

// change is false if the state was not from.
func (s *state) change(from, to int32) bool { return s.value.CompareAndSwap(from, to) }

func (s *state) is(value int32) bool { return s.value.Load() == value }

// words is the state for people and /stats; left are the open connections.
func (s *state) words(left int64) string {
	switch s.value.Load() {
	case stateReady:
		return "ready"
	case stateDraining:
		if left == 0 {
			return "drained"
		}
		return "draining"
	case stateStopping:
		return "stopping"
	default:
		return "starting"
	}
}

// status is what systemctl status shows.
func (s *state) status() string {
	switch s.value.Load() {
	case stateDraining:
		return "out of service, as told on the admin socket"
	case stateStopping:
		return "draining"
	default:
		return "serving"
	}
}
