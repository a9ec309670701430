package activation

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// gatedListener can stop accepting without closing: what comes meanwhile stays
// in the kernel's queue for the other workers. Each accepted connection is handed
// to connections before anyone else sees it, so that a drain can't miss one.
type gatedListener struct {
	net.Listener
	connections *connections
	config      *tls.Config // nil without TLS
	pulse       pulse

	mu     sync.Mutex
	closed bool
	shut   chan struct{} // closed when the gate opens; nil while it is open
}

func (l *gatedListener) Accept() (net.Conn, error) {
	l.pulse.waiting()
	for {
		l.waitOpen()
		socket, err := l.Listener.Accept()
		if err == nil {
			l.pulse.took(socket.RemoteAddr().String())
			return l.connections.add(socket, l.config), nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, err
		}
	}
}

func (l *gatedListener) waitOpen() {
	l.mu.Lock()
	shut := l.shut
	l.mu.Unlock()
	if shut != nil {
		<-shut
	}
}

// pause wakes a waiting Accept, which then waits at the gate.
func (l *gatedListener) pause() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut != nil || l.closed {
		return
	}
	l.shut = make(chan struct{})
	l.setDeadline(longAgo)
}

func (l *gatedListener) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut == nil {
		return
	}
	l.setDeadline(time.Time{})
	close(l.shut)
	l.shut = nil
}

// setDeadline is of this process's Accept alone.
func (l *gatedListener) setDeadline(deadline time.Time) {
	if listener, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		_ = listener.SetDeadline(deadline)
	}
}

func (l *gatedListener) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	err := l.Listener.Close()
	l.resume()
	return err
}
