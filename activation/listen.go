package activation

import (
	"fmt"
	"net"
	"sync"
)

// listen takes the stream listeners of a name, or opens one of the process's own
// if it was started by hand.
func listen(sockets *Sockets, name, address string) ([]net.Listener, error) {
	if sockets.Supervised() {
		return sockets.Listeners(name)
	}
	if address == "" {
		return nil, fmt.Errorf("service %q: not started by systemd, and no Address to listen on", name)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("service %q: %w", name, err)
	}
	return []net.Listener{listener}, nil
}

// lifeline orders the Serve and the Drain of a service, which may come in any
// order, as a worker can be stopped at any moment.
type lifeline struct {
	mu       sync.Mutex
	began    bool
	draining bool
	serving  sync.WaitGroup
}

// begin is false if the drain came first; else end has to be called n times.
func (l *lifeline) begin(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draining {
		return false
	}
	l.began = true
	l.serving.Add(n)
	return true
}

func (l *lifeline) end() { l.serving.Done() }

// stop tells whether begin was called before it.
func (l *lifeline) stop() (began bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draining = true
	return l.began
}

func (l *lifeline) stopped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.draining
}
