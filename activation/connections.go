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
//
// Locks are taken in the order conn.mu, connections.mu.
type connections struct {
	grace    time.Duration
	accepted atomic.Int64

	mu        sync.Mutex
	open      map[*conn]struct{}
	unsettled int   // those that Shutdown could harm
	hijacked  int64 // those that belong to their handlers
	drained   int64 // that ended by themselves after they were told to
	leaving   bool  // who comes now is told at once
	draining  bool
	settled   chan struct{} // closed when unsettled is 0 in a drain
	none      chan struct{} // closed when nothing is open in a drain
}

func newConnections(grace time.Duration) *connections {
	return &connections{
		grace:   grace,
		open:    map[*conn]struct{}{},
		settled: make(chan struct{}),
		none:    make(chan struct{}),
	}
}

func (s *connections) add(socket net.Conn, config *tls.Config) *conn {
	c := newConn(socket, config, s)
	s.accepted.Add(1)
	if s.insert(c) {
		c.leave() // it was accepted in the moment in which the others were told
	}
	return c
}

func (s *connections) insert(c *conn) (leaving bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[c] = struct{}{}
	s.unsettled++
	return s.leaving
}

// move is called with the connection's lock held.
func (s *connections) move(c *conn, next phase) {
	if c.phase() == phaseGone || c.phase() == next {
		return
	}
	s.count(c, next)
	c.at.Store(int32(next))
	s.restartClock(c)
}

// restartClock gives a connection that leaves the time of its new phase.
func (s *connections) restartClock(c *conn) {
	if c.timer == nil {
		return
	}
	c.touched = time.Now()
	c.timer.Stop()
	if c.phase() == phaseIdle || c.phase() == phaseHTTP2Warned {
		c.timer.Reset(s.grace)
	}
}

// count takes no lock for what happens in each request.
func (s *connections) count(c *conn, next phase) {
	if !c.phase().isSettled() && !next.isSettled() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if next.isSettled() && !c.phase().isSettled() {
		s.unsettled--
	}
	if next.isHijacked() {
		s.hijacked++
	}
	if c.phase().isHijacked() {
		s.hijacked--
	}
	if next == phaseGone {
		delete(s.open, c)
		if c.timer != nil && !c.cut {
			s.drained++
		}
	}
	s.report()
}

// report is called with the lock held.
func (s *connections) report() {
	if !s.draining {
		return
	}
	if s.unsettled == 0 {
		closeOnce(s.settled)
	}
	if len(s.open) == 0 {
		closeOnce(s.none)
	}
}

// leave lets the open connections end as soon as their clients allow.
func (s *connections) leave() {
	s.setLeaving(true)
	for _, c := range s.list() {
		c.leave()
	}
}

// stay takes leave back. HTTP/2's clients that were told to go will go.
func (s *connections) stay() {
	s.setLeaving(false)
	for _, c := range s.list() {
		c.stay()
	}
}

func (s *connections) setLeaving(leaving bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = leaving
}

// drain is leave for good, when nothing will be added any more.
func (s *connections) drain() {
	s.leave()
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

func (s *connections) addTo(stats *Stats) {
	stats.Accepted = s.accepted.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	stats.Connections = int64(len(s.open))
	stats.Hijacked = s.hijacked
	stats.Drained = s.drained
}

// cut closes what is left for which is true, and returns whose it was.
func (s *connections) cut(which func(phase) bool) []string {
	var clients []string
	for _, c := range s.list() {
		if c.cutIf(which) {
			clients = append(clients, c.RemoteAddr().String())
		}
	}
	return clients
}

// hook is an http.Server.ConnState that calls next, the user's, if there is one.
func (s *connections) hook(next func(net.Conn, http.ConnState)) func(net.Conn, http.ConnState) {
	return func(accepted net.Conn, state http.ConnState) {
		if next != nil {
			next(accepted, state)
		}
		if c, ok := accepted.(*conn); ok {
			c.enter(phaseOf(state))
		}
	}
}

func closeOnce(done chan struct{}) {
	select {
	case <-done:
	default:
		close(done)
	}
}

// connListener hands each accepted connection to connections before anyone else
// sees it, so that a drain can't miss one.
type connListener struct {
	*gate
	connections *connections
	config      *tls.Config // nil without TLS
}

func (l *connListener) Accept() (net.Conn, error) {
	socket, err := l.accept(nil)
	if err != nil {
		return nil, err
	}
	return l.connections.add(socket, l.config), nil
}

func (l *connListener) Addr() net.Addr { return l.listener.Addr() }
