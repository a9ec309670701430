package activation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Stream serves a protocol of the caller's own, one call of Handle for each
// connection to the stream listeners of one name.
type Stream struct {
	// Name is the FileDescriptorName= in the socket unit (systemd.socket(5)).
	Name string
	// Address is where to listen when the process was started by hand.
	Address string
	// Handle serves one connection, which is closed when it returns. Its ctx
	// ends when the drain begins: finish what was asked, and return.
	Handle func(ctx context.Context, conn net.Conn)

	logger    *slog.Logger
	listeners []net.Listener
	life      lifeline
	handlers  sync.WaitGroup
	conns     heldConns
	ended     atomic.Int64
	panics    atomic.Int64
	cut       atomic.Int64
	drain     context.Context
	endDrain  context.CancelFunc
}

func (s *Stream) SocketName() string { return s.Name }

func (s *Stream) Open(sockets *Sockets, logger *slog.Logger) error {
	listeners, err := listen(sockets, s.Name, s.Address)
	if err != nil {
		return err
	}
	s.logger = logger
	s.listeners = listeners
	s.drain, s.endDrain = context.WithCancel(context.Background())
	return nil
}

func (s *Stream) Serve() error {
	if !s.life.begin(len(s.listeners)) {
		return nil
	}
	failed := make(chan error, len(s.listeners))
	for _, listener := range s.listeners {
		s.logger.Info("listening", "service", s.Name, "address", listener.Addr().String())
		go func() {
			defer s.life.end()
			failed <- s.accept(&heldListener{Listener: listener, holder: &s.conns})
		}()
	}
	return firstFailure(s.Name, failed, len(s.listeners))
}

func (s *Stream) accept(listener net.Listener) error {
	for {
		accepted, err := acceptPatiently(listener, s.logger)
		if err != nil && s.life.stopped() && errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		s.handlers.Go(func() { s.handle(accepted) })
	}
}

func (s *Stream) handle(accepted net.Conn) {
	defer func() {
		if reason := recover(); reason != nil {
			s.panics.Add(1)
			s.logger.Error("handler panicked", "service", s.Name, "reason", reason, "stack", string(debug.Stack()))
		}
		accepted.Close()
		s.ended.Add(1)
	}()
	s.Handle(s.drain, accepted)
}

func (s *Stream) Drain(ctx context.Context) error {
	s.life.stop()
	s.endDrain()
	closeListeners(s.listeners)
	s.life.serving.Wait()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		s.handlers.Wait()
	}()
	if waitFor(ctx, finished) {
		return nil
	}
	return cutError(s.Name, s.conns.cut(), &s.cut)
}

func (s *Stream) Stats() Stats {
	open := int64(s.conns.len())
	return Stats{
		Accepted:    s.conns.accepted.Load(),
		Connections: open,
		Requests:    s.ended.Load(),
		InFlight:    open,
		Panics:      s.panics.Load(),
		Cut:         s.cut.Load(),
	}
}

func firstFailure(service string, ended <-chan error, count int) error {
	for range count {
		if err := <-ended; err != nil {
			return fmt.Errorf("service %q: %w", service, err)
		}
	}
	return nil
}

func cutError(service string, clients []string, counter *atomic.Int64) error {
	if len(clients) == 0 {
		return nil
	}
	counter.Add(int64(len(clients)))
	return &CutError{Service: service, Clients: clients}
}
