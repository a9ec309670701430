package activation

import (
	"net"
	"sync"
	"sync/atomic"
)

// heldConns are the open connections of a service that speaks a protocol of its
// own: all that is known of them is when they are closed.
type heldConns struct {
	accepted atomic.Int64
	mu       sync.Mutex
	open     map[*heldConn]struct{}
}

type heldConn struct {
	net.Conn
	holder *heldConns
}

func (c *heldConn) Close() error {
	c.holder.mu.Lock()
	delete(c.holder.open, c)
	c.holder.mu.Unlock()
	return c.Conn.Close()
}

// NetConn returns the connection below.
func (c *heldConn) NetConn() net.Conn { return c.Conn }

func (s *heldConns) hold(accepted net.Conn) *heldConn {
	c := &heldConn{Conn: accepted, holder: s}
	s.accepted.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*heldConn]struct{}{}
	}
	s.open[c] = struct{}{}
	return c
}

func (s *heldConns) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
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

// heldListener holds what it accepts.
type heldListener struct {
	net.Listener
	holder *heldConns
	pulse  pulse
}

func (l *heldListener) Accept() (net.Conn, error) {
	l.pulse.waiting()
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.pulse.took(accepted.RemoteAddr().String())
	return l.holder.hold(accepted), nil
}
