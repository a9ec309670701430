package rollout

import (
	"fmt"
	"time"
)

// queuePause is how soon a full accept queue is looked at again: the kernel
// does not say when it has room.
const queuePause = 500 * time.Millisecond

// awaitQueue takes nobody out of service as long as those who serve can't keep
// up with the connections that come: the kernel drops what a full queue can't
// take.
func (v *view) awaitQueue(d Decision) Decision {
	d.Do = nil
	if v.isLate() {
		return v.giveUp(d, Cause{
			Reason:  AcceptQueueFull,
			Message: fmt.Sprintf("the accept queue of %q is full: fewer workers could not keep up", v.seen.Full),
		})
	}
	d.Wake = v.now.Add(queuePause)
	if deadline := v.deadline(); deadline.Before(d.Wake) {
		d.Wake = deadline
	}
	return d
}

// stopsAnyone says that an action takes a worker out of service. To start one
// that is down is what a full queue needs most.
func (v *view) stopsAnyone(actions []Action) bool {
	for _, action := range actions {
		if v.worker(action.Instance).ActiveState.Serving() {
			return true
		}
	}
	return false
}
