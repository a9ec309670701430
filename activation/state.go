package activation

import "sync/atomic"

// The states of a worker, as /readyz and /stats say them.
const (
	stateStarting int32 = iota
	stateReady
	stateOffline
	stateDraining
)

type state struct{ value atomic.Int32 }

func (s *state) set(value int32) { s.value.Store(value) }

// change is false if the state was not from.
func (s *state) change(from, to int32) bool { return s.value.CompareAndSwap(from, to) }

func (s *state) ready() bool { return s.value.Load() == stateReady }

func (s *state) String() string {
	switch s.value.Load() {
	case stateReady:
		return "ready"
	case stateOffline:
		return "offline"
	case stateDraining:
		return "draining"
	default:
		return "starting"
	}
}

// status is what systemctl status shows.
func (s *state) status() string {
	if s.ready() {
		return "serving"
	}
	return s.String() + ", as told on the admin socket"
}
