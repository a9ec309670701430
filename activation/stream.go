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
	"time"
)

// Stream serves a protocol of the caller's own, one call of Handle for each
// connection to the stream listeners of one name.
type Stream struct {
	// Name is the FileDescriptorName= in the socket unit (systemd.socket(5)).
	Name string
	// Address is where to listen when the process was started by hand.
	Address string
	// Handle serves one connection, which is closed when it returns. Its ctx
	// ends when the worker drains or goes out of service: finish what was
	// asked, and return. That of a connection accepted in the last moment has
	// ended already, and what its client sends may still be on its way.
	Handle func(ctx context.Context, conn net.Conn)

	logger   *slog.Logger
	gates    []*gate
	life     lifeline
	handlers sync.WaitGroup
	conns    heldConns
	ended    atomic.Int64
	panics   atomic.Int64
	cut      atomic.Int64
	period   period
}

func (s *Stream) SocketName() string { return s.Name }

func (s *Stream) Open(sockets *Sockets, logger *slog.Logger) error {
	listeners, err := listen(sockets, s.Name, s.Address)
	if err != nil {
		return err
	}
	s.logger = logger
	s.gates = newGates(listeners)
	s.period.begin()
	return nil
}

func (s *Stream) Serve() error {
	if !s.life.begin(len(s.gates)) {
		return nil
	}
	failed := make(chan error, len(s.gates))
	for _, g := range s.gates {
		s.logger.Info("listening", "service", s.Name, "address", g.listener.Addr().String())
		go func() {
			defer s.life.end()
			failed <- s.accept(newHeldListener(g, &s.conns))
		}()
	}
	return firstFailure(s.Name, failed, len(s.gates))
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
	s.Handle(s.period.context(), accepted)
}

// Pause accepts nothing more, and ends the ctx of the handlers.
func (s *Stream) Pause() {
	for _, g := range s.gates {
		g.pause()
	}
	s.conns.leave()
	s.period.end()
}

// Resume accepts again.
func (s *Stream) Resume() {
	s.conns.stay()
	s.period.begin()
	for _, g := range s.gates {
		g.resume()
	}
}

func (s *Stream) Drain(ctx context.Context) error {
	s.conns.leave()
	s.period.end()
	if s.life.stop() {
		lastCall(s.gates)
	}
	closeGates(s.gates)
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

func (s *Stream) checkPulse(limit time.Duration) error { return checkPulses(s.gates, limit) }

func (s *Stream) Stats() Stats {
	stats := Stats{Requests: s.ended.Load(), Panics: s.panics.Load(), Cut: s.cut.Load()}
	s.conns.addTo(&stats)
	stats.InFlight = stats.Connections
	return stats
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
