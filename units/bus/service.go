package bus

import (
	"context"
	"encoding/hex"
	"fmt"
	"syscall"

	"github.com/clusterctl/clusterctl/units"
)

// Service follows one service.
type Service struct {
	*Conn
	name    string
	changes chan struct{}
}

// Service begins to follow a service. Signals that arrive from now on are kept
// for the next Read.
func (c *Conn) Service(name string) *Service {
	service := &Service{Conn: c, name: name, changes: make(chan struct{}, 1)}
	c.follow(service)
	return service
}

// Changes says that the service may have changed since the last Read. It
// carries no data and is never closed.
func (s *Service) Changes() <-chan struct{} { return s.changes }

func (s *Service) mark(unit string) {
	if unit == "" || unit == s.name {
		hint(s.changes)
	}
}

// Read is the service as it is now.
func (s *Service) Read(ctx context.Context) (units.Service, error) {
	return s.ReadService(ctx, s.name)
}

// ReadService is any service as it is now. One that is not loaded reads as
// LoadState "not-found".
func (r *Reader) ReadService(ctx context.Context, name string) (units.Service, error) {
	var service units.Service
	var job jobOfUnit
	var invocation []byte
	err := r.read(ctx, name, append(unitProperties(&service.Unit, &job),
		property{unitInterface, "InvocationID", &invocation},
		property{serviceInterface, "Result", &service.Result},
		property{serviceInterface, "MainPID", &service.MainPID},
		property{serviceInterface, "StatusText", &service.StatusText},
		property{serviceInterface, "ExecMainCode", &service.ExecMainCode},
		property{serviceInterface, "ExecMainStatus", &service.ExecMainStatus},
	))
	service.Name, service.Job = name, job.ID
	service.InvocationID = hex.EncodeToString(invocation)
	return service, err
}

// Signal sends a signal to the main process of a unit, as systemctl kill
// --kill-whom=main does.
func (c *Conn) Signal(ctx context.Context, unit string, signal syscall.Signal) error {
	if err := c.manager(ctx, "KillUnit", unit, "main", int32(signal)).Err; err != nil {
		return fmt.Errorf("send %s to %q: %w", signal, unit, c.explain(err))
	}
	return nil
}
