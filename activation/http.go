package activation

import (
	"context"
	"crypto/tls"
	"errors"
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

// newConnectionGraces is how many times as long a drain waits for the first
// request of a connection: who opens one means to use it, and on a machine that
// is out of breath the request may be a second late.
const newConnectionGraces = 5

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
	// IdleGrace replaces DefaultIdleGrace. A connection on which nothing has
	// come yet stays open five times as long.
	IdleGrace time.Duration

	// HijackTimeout bounds, in a drain, the time of connections that their
	// handlers have hijacked. Zero is the worker's DrainTimeout.
	HijackTimeout time.Duration

	logger      *slog.Logger
	gates       []*gate
	connections *connections
	tlsConfig   *tls.Config // nil without TLS
	life        lifeline
	leaving     *leaving
	inFlight    atomic.Int64
	requests    atomic.Int64
	errors      atomic.Int64
	panics      atomic.Int64
	cut         atomic.Int64
	cutMu       sync.Mutex
	cutClients  []string
}

func (h *HTTP) SocketName() string { return h.Name }

// Open takes the listeners, and wraps the server's handler and hooks.
func (h *HTTP) Open(sockets *Sockets, logger *slog.Logger) error {
	listeners, err := listen(sockets, h.Name, h.Address)
	if err != nil {
		return err
	}
	h.logger = logger
	h.connections = newConnections(h.idleGrace())
	h.leaving = newLeaving()
	h.secure()
	h.gates = newGates(listeners)
	h.Server.Handler = h.wrap(h.Server.Handler)
	h.Server.ConnState = h.connections.hook(h.Server.ConnState)
	h.Server.BaseContext = h.leaving.announce(h.Server.BaseContext)
	h.Server.ConnContext = rememberConn(h.Server.ConnContext)
	return nil
}

func (h *HTTP) idleGrace() time.Duration {
	if h.IdleGrace > 0 {
		return h.IdleGrace
	}
	return DefaultIdleGrace
}

// Serve accepts from all listeners until Drain.
func (h *HTTP) Serve() error {
	if !h.life.begin(len(h.gates)) {
		return nil
	}
	failed := make(chan error, len(h.gates))
	for _, g := range h.gates {
		h.logger.Info("listening", "service", h.Name, "address", g.listener.Addr().String())
		go func() {
			defer h.life.end()
			failed <- h.serve(&connListener{gate: g, connections: h.connections, config: h.tlsConfig})
		}()
	}
	return firstFailure(h.Name, failed, len(h.gates))
}

func (h *HTTP) serve(listener net.Listener) error {
	err := h.Server.Serve(listener)
	if h.life.stopped() && (errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed)) {
		return nil
	}
	return err
}

// Pause accepts nothing more: new connections wait in the kernel's queue for
// other workers. Those that are open end as in a drain.
func (h *HTTP) Pause() {
	for _, g := range h.gates {
		g.pause()
	}
	h.leaving.begin()
	h.connections.leave()
}

// Resume takes Pause back.
func (h *HTTP) Resume() {
	h.leaving.end()
	h.connections.stay()
	for _, g := range h.gates {
		g.resume()
	}
}

// Drain takes what waits in the listeners' queues, closes them (the sockets stay
// open in systemd), serves every connection to its end, and returns as soon as
// none is left.
func (h *HTTP) Drain(ctx context.Context) error {
	h.leaving.begin()
	if h.life.stop() {
		lastCall(h.gates)
	}
	closeGates(h.gates)
	h.life.serving.Wait() // each accepted connection has reached net/http
	h.connections.drain()
	if h.HijackTimeout > 0 {
		limit := time.AfterFunc(h.HijackTimeout, func() { h.cutThose(phase.isHijacked) })
		defer limit.Stop()
	}

	if waitFor(ctx, h.connections.settled) {
		// What is left speaks HTTP/2 and was told to begin nothing new, or
		// belongs to its handler. Shutdown would have closed the idle ones of
		// HTTP/1 at once.
		defer h.shutdown(ctx)()
		waitFor(ctx, h.connections.none)
	}
	if ctx.Err() != nil {
		h.cutThose(anyPhase)
		_ = h.Server.Close()
	}
	return h.report()
}

// shutdown runs http.Server.Shutdown, until the function it returns is called.
// Shutdown itself would poll for the end, up to half a second late.
func (h *HTTP) shutdown(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		_ = h.Server.Shutdown(ctx)
	}()
	return func() { cancel(); <-finished }
}

func (h *HTTP) cutThose(which func(phase) bool) {
	clients := h.connections.cut(which)
	h.cutMu.Lock()
	defer h.cutMu.Unlock()
	h.cutClients = append(h.cutClients, clients...)
}

// report is the *CutError of what was cut, or nil.
func (h *HTTP) report() error {
	h.cutMu.Lock()
	defer h.cutMu.Unlock()
	return cutError(h.Name, h.cutClients, &h.cut)
}

// checkPulse is for the watchdog. Hooks of the Server run in its accept loop.
func (h *HTTP) checkPulse(limit time.Duration) error { return checkPulses(h.gates, limit) }

func (h *HTTP) Stats() Stats {
	stats := Stats{
		Requests: h.requests.Load(),
		Errors:   h.errors.Load(),
		InFlight: h.inFlight.Load(),
		Panics:   h.panics.Load(),
		Cut:      h.cut.Load(),
	}
	if h.connections != nil {
		h.connections.addTo(&stats)
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
