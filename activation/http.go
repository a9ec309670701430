package activation

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultIdleGrace is how long a drain leaves an idle keep-alive connection
// open, as its client may be sending at this very moment.
const DefaultIdleGrace = time.Second

// HTTP serves an http.Server, HTTP/1 and HTTP/2, on the stream listeners of one
// name. It serves TLS if Server.TLSConfig is set.
type HTTP struct {
	// Name is the FileDescriptorName= in the socket unit (systemd.socket(5)).
	Name string
	// Server is used from Open on, and its Handler, Protocols and hooks are
	// wrapped. So are the connections given to its hooks: their NetConn method
	// returns the *tls.Conn, *net.TCPConn or *net.UnixConn.
	Server *http.Server
	// Address is where to listen when the process was started by hand.
	Address string
	// IdleGrace replaces DefaultIdleGrace.
	IdleGrace time.Duration

	logger      *slog.Logger
	listeners   []net.Listener
	connections *connections
	tlsConfig   *tls.Config // nil without TLS
	starting    sync.Mutex  // orders Serve and Drain
	serving     sync.WaitGroup
	draining    atomic.Bool
	drain       chan struct{}
	inFlight    atomic.Int64
	served      atomic.Int64
	panics      atomic.Int64
	cut         atomic.Int64
}

func (h *HTTP) SocketName() string { return h.Name }

// Open takes the listeners, and wraps the server's handler and hooks.
func (h *HTTP) Open(sockets *Sockets, logger *slog.Logger) error {
	listeners, err := h.listen(sockets)
	if err != nil {
		return err
	}
	h.logger = logger
	h.listeners = listeners
	h.connections = newConnections(h.idleGrace())
	h.drain = make(chan struct{})
	h.secure()
	h.Server.Handler = h.wrap(h.Server.Handler)
	h.Server.ConnState = h.connections.hook(h.Server.ConnState)
	h.Server.BaseContext = h.announceDrain(h.Server.BaseContext)
	h.Server.ConnContext = rememberConn(h.Server.ConnContext)
	return nil
}

func (h *HTTP) listen(sockets *Sockets) ([]net.Listener, error) {
	if sockets.Supervised() {
		return sockets.Listeners(h.Name)
	}
	if h.Address == "" {
		return nil, fmt.Errorf("service %q: not started by systemd, and no Address to listen on", h.Name)
	}
	listener, err := net.Listen("tcp", h.Address)
	if err != nil {
		return nil, fmt.Errorf("service %q: %w", h.Name, err)
	}
	return []net.Listener{listener}, nil
}

func (h *HTTP) idleGrace() time.Duration {
	if h.IdleGrace > 0 {
		return h.IdleGrace
	}
	return DefaultIdleGrace
}

// Serve accepts from all listeners until Drain.
func (h *HTTP) Serve() error {
	if !h.begin() {
		return nil
	}
	failed := make(chan error, len(h.listeners))
	for _, listener := range h.listeners {
		h.logger.Info("listening", "service", h.Name, "address", listener.Addr().String())
		go func() {
			defer h.serving.Done()
			failed <- h.serve(listener)
		}()
	}
	for range h.listeners {
		if err := <-failed; err != nil {
			return fmt.Errorf("service %q: %w", h.Name, err)
		}
	}
	return nil
}

// begin is false if the drain came first.
func (h *HTTP) begin() bool {
	h.starting.Lock()
	defer h.starting.Unlock()
	if h.draining.Load() {
		return false
	}
	h.serving.Add(len(h.listeners))
	return true
}

func (h *HTTP) stop() {
	h.starting.Lock()
	defer h.starting.Unlock()
	h.draining.Store(true)
	close(h.drain)
}

func (h *HTTP) serve(listener net.Listener) error {
	err := h.Server.Serve(&trackedListener{Listener: listener, connections: h.connections, config: h.tlsConfig})
	if h.draining.Load() && (errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed)) {
		return nil
	}
	return err
}

// Drain closes our listeners (the sockets stay open in systemd), serves every
// connection to its end, and returns as soon as none is left.
func (h *HTTP) Drain(ctx context.Context) error {
	h.stop()
	closeListeners(h.listeners)
	h.serving.Wait() // each accepted connection has reached net/http
	h.connections.beginDrain()

	if !waitFor(ctx, h.connections.settled) {
		return h.cutRest()
	}
	// What is left speaks HTTP/2 and was told to begin nothing new, or belongs
	// to its handler. Shutdown would have closed the idle ones of HTTP/1 at once.
	shutdown, cancel := context.WithCancel(ctx)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		_ = h.Server.Shutdown(shutdown)
	}()
	defer func() { cancel(); <-finished }()
	if !waitFor(ctx, h.connections.none) {
		return h.cutRest()
	}
	return nil
}

func (h *HTTP) cutRest() error {
	connections := h.connections.cut()
	_ = h.Server.Close()
	if connections == 0 {
		return nil
	}
	h.cut.Add(int64(connections))
	return &CutError{Service: h.Name, Connections: connections}
}

func (h *HTTP) Stats() Stats {
	stats := Stats{Served: h.served.Load(), InFlight: h.inFlight.Load(), Panics: h.panics.Load(), Cut: h.cut.Load()}
	if h.connections != nil {
		stats.Accepted = h.connections.accepted.Load()
		stats.Connections = int64(h.connections.len())
	}
	return stats
}

func waitFor(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
