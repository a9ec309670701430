package activation

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// conn is an accepted connection that can be retired: closed for being idle,
// without ever closing one whose next request has already arrived.
//
// net/http reads a request's first bytes long before it calls the connection
// active. So the decision falls in Read, the only place that knows for certain
// that nothing has come: retire wakes a waiting Read by a deadline in the past,
// and Read ends the connection if the kernel holds no data either.
type conn struct {
	net.Conn
	owner *connections
	tls   bool

	mu       sync.Mutex
	phase    phase
	received bool        // bytes came in this phase
	touched  time.Time   // of the last byte or phase, while draining
	deadline time.Time   // the read deadline that net/http wants
	retiring bool        // a deadline in the past is set, by us
	timer    *time.Timer // calls retire; nil until the drain begins
}

// phase is http.ConnState as the drain sees it.
type phase int

const (
	phaseNew phase = iota
	phaseActive
	phaseIdle
	phaseHTTP2    // leaves by GOAWAY, never by being retired
	phaseHijacked // belongs to its handler
	phaseGone
)

var longAgo = time.Unix(1, 0)

func (c *conn) Read(data []byte) (int, error) {
	for {
		n, err := c.Conn.Read(data)
		if n > 0 {
			c.arrived(data[:n])
			return n, err
		}
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		switch c.wokenToRetire() {
		case retireDone:
			return 0, io.EOF
		case retireOff:
			continue
		case retireNot:
			return n, err
		}
	}
}

func (c *conn) arrived(data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == phaseNew && !c.received && !c.tls && isHTTP2Preface(data) {
		c.owner.move(c, phaseHTTP2)
	}
	c.received = true
	if c.timer != nil {
		c.touched = time.Now()
	}
	c.stopRetiring()
}

type retirement int

const (
	retireNot  retirement = iota // the deadline was net/http's
	retireOff                    // a request came just in time
	retireDone                   // nothing came: end of the connection
)

func (c *conn) wokenToRetire() retirement {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.retiring {
		return retireNot
	}
	if hasData(c.Conn) {
		c.stopRetiring()
		return retireOff
	}
	return retireDone
}

// retire ends the connection if no request has begun on it. The timer calls it.
func (c *conn) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != phaseNew && c.phase != phaseIdle {
		return
	}
	if c.received && !c.onlyHandshake() {
		return // the beginning of a request; net/http's own limits apply to it
	}
	if wait := c.owner.grace - time.Since(c.touched); wait > 0 {
		c.timer.Reset(wait)
		return
	}
	c.retiring = true
	_ = c.Conn.SetReadDeadline(longAgo)
}

// onlyHandshake tells that what came may be a TLS handshake alone, as browsers
// open connections in advance. Below TLS a request can't be told from it.
func (c *conn) onlyHandshake() bool { return c.tls && c.phase == phaseNew }

func (c *conn) stopRetiring() {
	if !c.retiring {
		return
	}
	c.retiring = false
	_ = c.Conn.SetReadDeadline(c.deadline)
}

// enter follows http.Server.ConnState.
func (c *conn) enter(next phase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == phaseHTTP2 && next != phaseGone {
		return
	}
	if next == phaseIdle {
		c.received = false
	}
	c.stopRetiring()
	c.owner.move(c, next)
}

// beginDrain starts the clock of an idle connection. grace counts from now or
// from its last sign of life, whichever is later.
func (c *conn) beginDrain(grace time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched = time.Now()
	c.timer = time.AfterFunc(grace, c.retire)
}

func (c *conn) SetReadDeadline(deadline time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = deadline
	if c.retiring {
		return nil
	}
	return c.Conn.SetReadDeadline(deadline)
}

func (c *conn) SetDeadline(deadline time.Time) error {
	return errors.Join(c.SetReadDeadline(deadline), c.SetWriteDeadline(deadline))
}

// Close forgets a hijacked connection; of the others net/http reports the end.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == phaseHijacked {
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

// NetConn returns the connection below, for socket options.
func (c *conn) NetConn() net.Conn { return c.Conn }

// SyscallConn makes the connection a syscall.Conn, as the one below is.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if below, ok := c.Conn.(syscall.Conn); ok {
		return below.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// hasData looks into the kernel's receive buffer; the end of the stream and an
// error count as data, for net/http to read.
func hasData(below net.Conn) bool {
	socket, ok := below.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	empty := false
	err = raw.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		empty = errors.Is(err, syscall.EAGAIN)
	})
	return err == nil && !empty
}

func isHTTP2Preface(data []byte) bool {
	return len(data) >= 4 && string(data[:4]) == "PRI "
}

func phaseOf(state http.ConnState) phase {
	switch state {
	case http.StateNew:
		return phaseNew
	case http.StateActive:
		return phaseActive
	case http.StateIdle:
		return phaseIdle
	case http.StateHijacked:
		return phaseHijacked
	case http.StateClosed:
		return phaseGone
	default:
		return phaseActive
	}
}
