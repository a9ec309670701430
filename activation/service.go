package activation

import (
	"context"
	"log/slog"
)

// Service is one thing that a worker serves. All services of a worker go
// through one life: Open, Serve, Drain. HTTP is one.
type Service interface {
	// SocketName is the FileDescriptorName= of what it serves.
	SocketName() string
	// Open takes the service's sockets, and accepts nothing yet. If the
	// process was not started by systemd it listens on an address of its own.
	Open(*Sockets, *slog.Logger) error
	// Serve accepts and serves until Drain is called, then returns nil.
	Serve() error
	// Drain accepts nothing new, and returns when all is finished. When ctx
	// ends it closes the rest and returns a *CutError.
	Drain(ctx context.Context) error
	// Stats returns what the service has done so far.
	Stats() Stats
}

// Stats counts the work of a service since it was started, as /stats shows it.
type Stats struct {
	Accepted    int64 `json:"accepted"`    // connections
	Connections int64 `json:"connections"` // open now
	Hijacked    int64 `json:"hijacked"`    // open now, taken out of HTTP by their handler
	Requests    int64 `json:"requests"`    // finished
	Errors      int64 `json:"errors"`      // of those, answered with a status of 500 to 599
	InFlight    int64 `json:"in_flight"`   // requests in their handler now
	Panics      int64 `json:"panics"`      // of handlers, contained
	Drained     int64 `json:"drained"`     // connections that ended by themselves in a drain
	Cut         int64 `json:"cut"`         // connections closed at the drain's limit
}

func (s Stats) plus(other Stats) Stats {
	return Stats{
		Accepted:    s.Accepted + other.Accepted,
		Connections: s.Connections + other.Connections,
		Hijacked:    s.Hijacked + other.Hijacked,
		Requests:    s.Requests + other.Requests,
		Errors:      s.Errors + other.Errors,
		InFlight:    s.InFlight + other.InFlight,
		Panics:      s.Panics + other.Panics,
		Drained:     s.Drained + other.Drained,
		Cut:         s.Cut + other.Cut,
	}
}
