package activation

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// conn is an accepted connection, above TLS if there is any, that can be ended
// without losing a request of its client.
//
// HTTP/1: net/http reads a request's first bytes long before it calls the
// connection active. So the decision falls in the read itself, the only place
// that knows for certain that nothing has come: retire wakes a waiting read by a
// deadline in the past, and the read ends the connection if the kernel holds no
// data either (wire.go).
//
// HTTP/2: the client is told by a notice and gets time to stop (goaway.go).
type conn struct {
	net.Conn // what net/http reads and writes: wire, or TLS above it
	wire     *wire
	owner    *connections
	frames   *frameWriter         // set before the first write if it is HTTP/2
	sniffed  atomic.Bool          // plain bytes came
	tlsState *tls.ConnectionState // of the first request

	// Written for each request, and so without the lock while the connection may
	// stay: whoever writes looks at leaving after it, and leave looks at them
	// after it has set leaving, so that one sees the other.
	at       atomic.Int32 // the phase
	received atomic.Bool  // bytes came in this phase
	leaving  atomic.Bool  // timer is set
	deadline readDeadline

	mu      sync.Mutex
	streams bool        // HTTP/2: at least one is open
	touched time.Time   // of the last byte or phase, while leaving
	cut     bool        // closed by us, unfinished
	timer   *time.Timer // calls expire; nil while it may stay
}

// newConn wraps an accepted socket, with TLS if there is a configuration.
func newConn(socket net.Conn, config *tls.Config, owner *connections) *conn {
	c := &conn{owner: owner}
	c.wire = &wire{Conn: socket, above: c}
	c.deadline.mu, c.deadline.socket = &c.mu, socket
	c.Conn = c.wire
	if config != nil {
		c.Conn = tls.Server(c.wire, config)
	}
	return c
}

func (c *conn) phase() phase { return phase(c.at.Load()) }

func (c *conn) Read(data []byte) (int, error) {
	n, err := c.Conn.Read(data)
	if n > 0 && !c.sniffed.Load() {
		c.sniff(data[:n])
	}
	if err != nil && c.Conn != c.wire {
		answerPlainRequest(err)
	}
	return n, err
}

func (c *conn) Write(data []byte) (int, error) {
	if c.frames != nil {
		return c.frames.Write(data)
	}
	return c.Conn.Write(data)
}

// sniff sees the first plain bytes, which tell HTTP/2 by its preface.
func (c *conn) sniff(data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sniffed.Store(true)
	if c.phase() == phaseNew && isHTTP2Preface(data) {
		c.frames = &frameWriter{out: c.Conn}
		c.owner.move(c, phaseHTTP2)
		if c.timer != nil {
			go c.warn()
		}
	}
}

// arrived is called for bytes of any kind: the beginning of a TLS record may be
// the beginning of a request.
func (c *conn) arrived() {
	c.received.Store(true)
	if !c.leaving.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched = time.Now()
	c.deadline.restore()
}

// wokenToRetire tells what became of a read that ended by a deadline.
func (c *conn) wokenToRetire() retirement {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.deadline.retiring.Load() {
		return retireNot
	}
	if c.wire.hasData() {
		c.deadline.restore()
		return retireOff
	}
	return retireDone
}

type retirement int

const (
	retireNot  retirement = iota // the deadline was net/http's
	retireOff                    // a request came just in time
	retireDone                   // nothing came: end of the connection
)

// leave starts the clock of the connection.
func (c *conn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		return // it runs already, since a pause
	}
	c.leaving.Store(true)
	c.touched = time.Now()
	grace := c.owner.grace
	if c.phase() == phaseNew && !c.received.Load() {
		grace *= newConnectionGraces
	}
	c.timer = time.AfterFunc(grace, c.expire)
	if c.phase() == phaseHTTP2 {
		go c.warn()
	}
}

// stay stops the clock, except for a client of HTTP/2 that was told to go.
func (c *conn) stay() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil || c.phase().isHTTP2() {
		return
	}
	c.timer.Stop()
	c.timer = nil
	c.leaving.Store(false)
	c.deadline.restore()
}

// expire is called when the grace may be over.
func (c *conn) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil {
		return // it may stay after all
	}
	switch c.phase() {
	case phaseNew, phaseIdle:
		c.retire()
	case phaseHTTP2Warned:
		idleSince := c.touched
		c.owner.move(c, phaseHTTP2Settled)
		c.touched = idleSince
		c.retireHTTP2()
	case phaseHTTP2Settled:
		c.retireHTTP2()
	default: // busy, or not ours to end
	}
}

// retire ends the connection if no request has begun on it.
func (c *conn) retire() {
	if c.received.Load() && !c.onlyHandshake() {
		return // the beginning of a request; net/http's own limits apply to it
	}
	c.endIfQuiet()
}

// onlyHandshake tells that what came may be a TLS handshake alone, as browsers
// open connections in advance.
func (c *conn) onlyHandshake() bool { return c.Conn != c.wire && !c.sniffed.Load() }

// retireHTTP2 spares a client that neither begins streams nor closes the second
// that net/http waits after its own GOAWAY.
func (c *conn) retireHTTP2() {
	if !c.streams {
		c.endIfQuiet()
	}
}

func (c *conn) endIfQuiet() {
	if wait := c.owner.grace - time.Since(c.touched); wait > 0 {
		c.timer.Reset(wait)
		return
	}
	c.deadline.retire()
}

// warn sends the notice of HTTP/2. While the client takes no bytes it can't, and
// the connection is left to the limit of the drain.
func (c *conn) warn() {
	if err := c.frames.notify(); err != nil {
		return // net/http will see the same error, and close
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase() == phaseHTTP2 {
		c.owner.move(c, phaseHTTP2Warned)
	}
}

// enter follows http.Server.ConnState.
func (c *conn) enter(next phase) {
	if !c.leaving.Load() && c.phase().isHTTP1() && next.isHTTP1() {
		c.turnTo(next)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase().isHTTP2() && next != phaseGone {
		c.enterHTTP2(next)
		return
	}
	if next == phaseIdle {
		c.received.Store(false)
	}
	c.deadline.restore()
	c.owner.move(c, next)
}

// turnTo is enter for what happens in each request.
func (c *conn) turnTo(next phase) {
	if next == phaseIdle {
		c.received.Store(false)
	}
	c.at.Store(int32(next))
	if !c.leaving.Load() {
		return
	}
	c.mu.Lock() // the drain began between
	defer c.mu.Unlock()
	c.deadline.restore()
	c.owner.restartClock(c)
}

// enterHTTP2 leaves time after the last stream: its end may not be written yet.
func (c *conn) enterHTTP2(next phase) {
	c.streams = next == phaseActive
	if c.timer == nil {
		return
	}
	c.touched = time.Now()
	if c.phase() == phaseHTTP2Settled && !c.streams {
		c.timer.Reset(c.owner.grace)
	}
}

// cutIf closes the connection if which is true of it. It closes the socket:
// TLS's own close would wait for its peer.
func (c *conn) cutIf(which func(phase) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !which(c.phase()) {
		return false
	}
	c.cut = true
	c.wire.Close()
	if c.phase() == phaseHijacked {
		c.owner.move(c, phaseGone) // its handler may never close it
	}
	return true
}

// Close forgets a hijacked connection; of the others net/http reports the end.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase() == phaseHijacked {
		c.owner.move(c, phaseGone)
	}
	return err
}

// ReadFrom keeps sendfile(2) for net/http.
func (c *conn) ReadFrom(source io.Reader) (int64, error) { return io.Copy(c.Conn, source) }

// CloseWrite keeps net/http's half-close after an unread request body.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// NetConn returns the connection below: a *tls.Conn, *net.TCPConn or *net.UnixConn.
func (c *conn) NetConn() net.Conn {
	if c.Conn == c.wire {
		return c.wire.Conn
	}
	return c.Conn
}

// secured returns the state for http.Request.TLS.
func (c *conn) secured() *tls.ConnectionState {
	encrypted, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tlsState == nil {
		state := encrypted.ConnectionState()
		c.tlsState = &state
	}
	return c.tlsState
}

func isHTTP2Preface(data []byte) bool {
	return len(data) >= 4 && string(data[:4]) == "PRI "
}
