package activation

import (
	"net"
	"sync"
)

// heldConns are the open connections of a service that speaks a protocol of its
// own: all that is known of them is when they are closed.
type heldConns struct {
	mu       sync.Mutex
	open     map[*heldConn]struct{}
	leaving  bool
	accepted int64
	drained  int64
}

type heldConn struct {
	net.Conn
	holder *heldConns
	told   bool // the drain began while it was open
}

func (c *heldConn) Close() error {
	c.holder.forget(c)
	return c.Conn.Close()
}

// NetConn returns the connection below.
func (c *heldConn) NetConn() net.Conn { return c.Conn }

func (s *heldConns) hold(accepted net.Conn) *heldConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &heldConn{Conn: accepted, holder: s, told: s.leaving}
	s.accepted++
	if s.open == nil {
		s.open = map[*heldConn]struct{}{}
	}
	s.open[c] = struct{}{}
	return c
}

func (s *heldConns) forget(c *heldConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[c]; !ok {
		return
	}
	delete(s.open, c)
	if c.told {
		s.drained++
	}
}

// leave counts those that end from now on as drained.
func (s *heldConns) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = true
	for c := range s.open {
		c.told = true
	}
}

func (s *heldConns) stay() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = false
}

func (s *heldConns) addTo(stats *Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats.Accepted = s.accepted
	stats.Connections = int64(len(s.open))
	stats.Drained = s.drained
}

// cut closes what is left, and returns whose it was.
func (s *heldConns) cut() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var clients []string
	for c := range s.open {
		clients = append(clients, c.RemoteAddr().String())
		c.Conn.Close()
	}
	clear(s.open)
	return clients
}

// heldListener holds what it accepts. Its Close ends its own Accept alone: the
// gate may be served again.
type heldListener struct {
	gate    *gate
	holder  *heldConns
	retired closer // accepts nothing more, and waits for its Close
	closed  closer
}

func newHeldListener(g *gate, holder *heldConns) *heldListener {
	return &heldListener{gate: g, holder: holder, retired: newCloser(), closed: newCloser()}
}

func (l *heldListener) Accept() (net.Conn, error) {
	accepted, err := l.gate.accept(l.retired.done)
	if err == nil {
		return l.holder.hold(accepted), nil
	}
	if l.retired.isClosed() {
		<-l.closed.done
	}
	return nil, err
}

func (l *heldListener) Addr() net.Addr { return l.gate.listener.Addr() }

// retire leaves the gate, which is shut, to another.
func (l *heldListener) retire() { l.retired.close() }

func (l *heldListener) Close() error {
	l.closed.close()
	if l.retired.close() {
		l.gate.wake()
	}
	return nil
}

// closer is a channel that is closed once.
type closer struct {
	once *sync.Once
	done chan struct{}
}

func newCloser() closer { return closer{new(sync.Once), make(chan struct{})} }

// close is true the first time.
func (c closer) close() (first bool) {
	c.once.Do(func() {
		close(c.done)
		first = true
	})
	return first
}

func (c closer) isClosed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
