package activation

import "fmt"

// Pauser is a Service that can go out of service and back without its process
// ending.
type Pauser interface {
	// Pause accepts nothing more, and lets its clients go to other workers.
	Pause()
	// Resume accepts again.
	Resume()
}

// leaveService pauses all services that can be.
func (r *run) leaveService() error {
	r.changing.Lock()
	defer r.changing.Unlock()
	if !r.state.change(stateReady, stateDraining) {
		return fmt.Errorf("worker is not in service: it is %s", r.stateWords())
	}
	r.Logger.Info("going out of service")
	r.notify.status("%s", r.state.status())
	for _, service := range r.Services {
		if pauser, ok := service.(Pauser); ok {
			pauser.Pause()
		}
	}
	return nil
}

func (r *run) enterService() error {
	r.changing.Lock()
	defer r.changing.Unlock()
	if !r.state.change(stateDraining, stateReady) {
		return fmt.Errorf("worker is not drained: it is %s", r.stateWords())
	}
	r.Logger.Info("going back into service")
	r.notify.status("%s", r.state.status())
	for _, service := range r.Services {
		if pauser, ok := service.(Pauser); ok {
			pauser.Resume()
		}
	}
	return nil
}
