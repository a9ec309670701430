package activation

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Acceptor is a server that has its own accept loop and its own graceful end, as
// http.Server. grpc.Server needs a Shutdown that calls its GracefulStop.
type Acceptor interface {
	// Serve accepts from a listener until Shutdown, which closes it.
	Serve(net.Listener) error
	// Shutdown ends all Serves, and returns when what they had accepted is
	// done, or ctx ends. Beyond it the connections are closed under it.
	Shutdown(ctx context.Context) error
}

// Server runs an Acceptor on the stream listeners of one name.
type Server struct {
	// Name is the FileDescriptorName= in the socket unit (systemd.socket(5)).
	Name string
	// Address is where to listen when the process was started by hand.
	Address string
	// New makes the server: one for READY=1, and another each time the worker
	// goes back into service, as a server can't go on after its Shutdown.
	New func() Acceptor

	logger *slog.Logger
	gates  []*gate
	conns  heldConns
	cut    atomic.Int64
	failed chan error
	stop   closer

	mu       sync.Mutex
	began    bool
	turn     *turn          // nil while out of service
	old      sync.WaitGroup // turns that are over and still have connections
	limit    context.Context
	endLimit context.CancelFunc
}

func (s *Server) SocketName() string { return s.Name }

func (s *Server) Open(sockets *Sockets, logger *slog.Logger) error {
	listeners, err := listen(sockets, s.Name, s.Address)
	if err != nil {
		return err
	}
	s.logger = logger
	s.gates = newGates(listeners)
	s.failed = make(chan error, 1)
	s.stop = newCloser()
	s.limit, s.endLimit = context.WithCancel(context.Background())
	return nil
}

func (s *Server) Serve() error {
	if !s.begin() {
		return nil
	}
	select {
	case err := <-s.failed:
		return fmt.Errorf("service %q: %w", s.Name, err)
	case <-s.stop.done:
		return nil
	}
}

// begin is false if the drain came first.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop.isClosed() {
		return false
	}
	for _, g := range s.gates {
		s.logger.Info("listening", "service", s.Name, "address", g.listener.Addr().String())
	}
	s.began = true
	s.turn = s.beginTurn()
	return true
}

// Pause ends a turn of the server, whose Shutdown tells its clients.
func (s *Server) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.gates {
		g.pause()
	}
	s.conns.leave()
	if s.turn == nil {
		return
	}
	over := s.turn
	s.turn = nil
	over.retire()
	s.old.Go(func() {
		if err := over.end(s.limit); err != nil {
			s.logger.Warn("shutdown", "service", s.Name, "reason", err)
		}
	})
}

// Resume begins another turn.
func (s *Server) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns.stay()
	if s.began && s.turn == nil {
		s.turn = s.beginTurn()
	}
	for _, g := range s.gates {
		g.resume()
	}
}

func (s *Server) Drain(ctx context.Context) error {
	defer closeGates(s.gates)
	defer s.endLimit()
	last := s.lastTurn()
	if last == nil {
		return nil
	}
	lastCall(s.gates)
	stop := context.AfterFunc(ctx, s.endLimit)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		err := last.end(ctx)
		s.old.Wait()
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("service %q: shutdown: %w", s.Name, err)
		}
	case <-ctx.Done():
	}
	return cutError(s.Name, s.conns.cut(), &s.cut)
}

// lastTurn is nil if there was none. Out of service one begins, for what waits
// in the listeners' queues.
func (s *Server) lastTurn() *turn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop.close()
	s.conns.leave()
	if s.began && s.turn == nil {
		s.turn = s.beginTurn()
	}
	return s.turn
}

// checkPulse is for the watchdog.
func (s *Server) checkPulse(limit time.Duration) error { return checkPulses(s.gates, limit) }

func (s *Server) Stats() Stats {
	stats := Stats{Cut: s.cut.Load()}
	s.conns.addTo(&stats)
	return stats
}
