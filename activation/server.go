package activation

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"
)

// Server runs a server that has its own accept loop and its own graceful end,
// such as grpc.Server, on the stream listeners of one name.
type Server struct {
	// Name is the FileDescriptorName= in the socket unit (systemd.socket(5)).
	Name string
	// Address is where to listen when the process was started by hand.
	Address string
	// Accept serves a listener until Shutdown; grpc.Server has it as Serve.
	Accept func(net.Listener) error
	// Shutdown ends all Accepts, and returns when what they had accepted is
	// done. Beyond ctx the connections are closed under it.
	Shutdown func(ctx context.Context) error

	logger    *slog.Logger
	listeners []*heldListener
	life      lifeline
	conns     heldConns
	cut       atomic.Int64
}

func (s *Server) SocketName() string { return s.Name }

func (s *Server) Open(sockets *Sockets, logger *slog.Logger) error {
	listeners, err := listen(sockets, s.Name, s.Address)
	if err != nil {
		return err
	}
	s.logger = logger
	for _, listener := range listeners {
		s.listeners = append(s.listeners, &heldListener{Listener: listener, holder: &s.conns})
	}
	return nil
}

func (s *Server) Serve() error {
	if !s.life.begin(len(s.listeners)) {
		return nil
	}
	failed := make(chan error, len(s.listeners))
	for _, listener := range s.listeners {
		s.logger.Info("listening", "service", s.Name, "address", listener.Addr().String())
		go func() {
			defer s.life.end()
			err := s.Accept(listener)
			if s.life.stopped() {
				err = nil // servers differ in how they call their end
			}
			failed <- err
		}()
	}
	return firstFailure(s.Name, failed, len(s.listeners))
}

func (s *Server) Drain(ctx context.Context) error {
	s.life.stop()
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(ctx) }()
	select {
	case err := <-ended:
		s.closeListeners()
		s.life.serving.Wait()
		if err != nil {
			return fmt.Errorf("service %q: shutdown: %w", s.Name, err)
		}
		return nil
	case <-ctx.Done():
		s.closeListeners()
		return cutError(s.Name, s.conns.cut(), &s.cut)
	}
}

func (s *Server) closeListeners() {
	for _, listener := range s.listeners {
		listener.Close()
	}
}

// checkPulse is for the watchdog.
func (s *Server) checkPulse(limit time.Duration) error {
	for _, listener := range s.listeners {
		if err := listener.pulse.check(limit); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) Stats() Stats {
	return Stats{
		Accepted:    s.conns.accepted.Load(),
		Connections: int64(s.conns.len()),
		Cut:         s.cut.Load(),
	}
}
