package activation

import (
	"errors"
	"fmt"
)

// Pauser is a Service that can go offline and online again without its process
// ending. HTTP is one.
type Pauser interface {
	// Pause accepts nothing more, and lets its clients go to other workers.
	Pause()
	// Resume accepts again.
	Resume()
}

var errNotServing = errors.New("worker does not serve")

// goOffline pauses all services that can be.
func (r *run) goOffline() error {
	r.changing.Lock()
	defer r.changing.Unlock()
	if !r.state.change(stateReady, stateOffline) {
		return fmt.Errorf("%w: it is %s", errNotServing, &r.state)
	}
	r.Logger.Info("going offline")
	r.notify.status("%s", r.state.status())
	for _, service := range r.Services {
		if pauser, ok := service.(Pauser); ok {
			pauser.Pause()
		}
	}
	return nil
}

func (r *run) goOnline() error {
	r.changing.Lock()
	defer r.changing.Unlock()
	if !r.state.change(stateOffline, stateReady) {
		return fmt.Errorf("worker is not offline: it is %s", &r.state)
	}
	r.Logger.Info("going online")
	r.notify.status("%s", r.state.status())
	for _, service := range r.Services {
		if pauser, ok := service.(Pauser); ok {
			pauser.Resume()
		}
	}
	return nil
}
