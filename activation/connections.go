package activation

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// connections are the open connections of one service. While it drains, none
// are added, so each of the two counts below reaches zero once.
type connections struct {
	grace    time.Duration
	accepted atomic.Int64

	mu       sync.Mutex
	open     map[*conn]struct{}
	http1    int // those whose next event is a request of HTTP/1
	draining bool
	noHTTP1  chan struct{} // closed when http1 is 0 in a drain
	none     chan struct{} // closed when nothing is open in a drain
}

func newConnections(grace time.Duration) *connections {
	return &connections{
		grace:   grace,
		open:    map[*conn]struct{}{},
		noHTTP1: make(chan struct{}),
		none:    make(chan struct{}),
	}
}

func (p phase) isHTTP1() bool { return p == phaseNew || p == phaseActive || p == phaseIdle }

func (s *connections) add(below net.Conn, overTLS bool) *conn {
	c := &conn{Conn: below, owner: s, tls: overTLS}
	s.accepted.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[c] = struct{}{}
	s.http1++
	return c
}

// move is called with the connection's lock held.
func (s *connections) move(c *conn, next phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.phase == phaseGone {
		return
	}
	if c.phase.isHTTP1() {
		s.http1--
	}
	c.phase = next
	if next.isHTTP1() {
		s.http1++
	}
	if next == phaseGone {
		delete(s.open, c)
	}
	if c.timer != nil {
		c.touched = time.Now()
		c.timer.Stop()
		if next == phaseIdle {
			c.timer.Reset(s.grace)
		}
	}
	s.report()
}

// report is called with the lock held.
func (s *connections) report() {
	if !s.draining {
		return
	}
	if s.http1 == 0 {
		closeOnce(s.noHTTP1)
	}
	if len(s.open) == 0 {
		closeOnce(s.none)
	}
}

// beginDrain is called when nothing will be added any more.
func (s *connections) beginDrain() {
	for _, c := range s.list() {
		c.beginDrain(s.grace)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	s.report()
}

func (s *connections) list() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*conn, 0, len(s.open))
	for c := range s.open {
		all = append(all, c)
	}
	return all
}

// cut closes what is left, and returns how many that were.
func (s *connections) cut() int {
	all := s.list()
	for _, c := range all {
		c.Conn.Close()
	}
	return len(all)
}

// hook is an http.Server.ConnState that calls next, the user's, if there is one.
func (s *connections) hook(next func(net.Conn, http.ConnState)) func(net.Conn, http.ConnState) {
	return func(accepted net.Conn, state http.ConnState) {
		if next != nil {
			next(accepted, state)
		}
		follow(accepted, state)
	}
}

func follow(accepted net.Conn, state http.ConnState) {
	encrypted, ok := accepted.(*tls.Conn)
	if !ok {
		if c, ok := accepted.(*conn); ok {
			c.enter(phaseOf(state))
		}
		return
	}
	c, ok := encrypted.NetConn().(*conn)
	if !ok {
		return
	}
	if state == http.StateActive && encrypted.ConnectionState().NegotiatedProtocol == "h2" {
		c.enter(phaseHTTP2)
		return
	}
	c.enter(phaseOf(state))
}

// trackedListener hands each accepted connection to its connections before
// anyone else sees it, so that a drain can't miss one.
type trackedListener struct {
	net.Listener
	connections *connections
	tls         bool
}

func (l *trackedListener) Accept() (net.Conn, error) {
	below, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.connections.add(below, l.tls), nil
}

func closeOnce(done chan struct{}) {
	select {
	case <-done:
	default:
		close(done)
	}
}
