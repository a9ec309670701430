package admin

// Stats is what a worker answers to GET /stats. A worker leaves out what it
// can't know; what is nil is unknown, and not zero.
type Stats struct {
	State    State              `json:"state"`
	PID      int                `json:"pid"`
	Start    float64            `json:"start_time_seconds"` // of the process, since 1970
	Services map[string]Service `json:"services"`           // by the name of the listener
}

// State is what a worker says of itself.
type State string

// The states, in their order.
const (
	Starting State = "starting"
	Ready    State = "ready"
	Draining State = "draining" // out of service, with connections left
	Drained  State = "drained"  // out of service, and alive
	Stopping State = "stopping"
)

// OutOfService says that somebody has taken the worker out of service, and that
// it stays so until its restart or an undrain.
func (s State) OutOfService() bool { return s == Draining || s == Drained }

// Service are the numbers of what a worker serves on one listener.
type Service struct {
	Accepted    *int64 `json:"accepted,omitempty"`    // connections since the start
	Connections *int64 `json:"connections,omitempty"` // open now
	Hijacked    *int64 `json:"hijacked,omitempty"`    // of those, taken out of HTTP
	Requests    *int64 `json:"requests,omitempty"`    // finished since the start
	Errors      *int64 `json:"errors,omitempty"`      // of those, answered with 500 to 599
	InFlight    *int64 `json:"in_flight,omitempty"`   // in their handler now
	Panics      *int64 `json:"panics,omitempty"`      // of handlers, since the start
	Drained     *int64 `json:"drained,omitempty"`     // connections that ended by themselves in a drain
	Cut         *int64 `json:"cut,omitempty"`         // connections closed at the limit of a drain
}

// Total is the sum over all services of the worker.
func (s Stats) Total() Service {
	var sum Service
	for _, service := range s.Services {
		add(&sum.Accepted, service.Accepted)
		add(&sum.Connections, service.Connections)
		add(&sum.Hijacked, service.Hijacked)
		add(&sum.Requests, service.Requests)
		add(&sum.Errors, service.Errors)
		add(&sum.InFlight, service.InFlight)
		add(&sum.Panics, service.Panics)
		add(&sum.Drained, service.Drained)
		add(&sum.Cut, service.Cut)
	}
	return sum
}

func add(sum **int64, n *int64) {
	switch {
	case n == nil:
	case *sum == nil:
		*sum = new(int64)
		**sum = *n
	default:
		**sum += *n
	}
}
