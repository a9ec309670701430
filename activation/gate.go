package activation

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// lastCallLimit bounds how long a closing listener waits for its accept loop,
// which may be held up, and for an end of what comes.
const lastCallLimit = time.Second

// gate is a listener that can stop accepting and begin again: what comes
// meanwhile stays in the kernel's queue for the other workers. Before it is
// closed it takes what waits there, as it may be the last that holds it.
type gate struct {
	listener net.Listener
	pulse    pulse

	mu      sync.Mutex
	state   gateState
	changed chan struct{} // closed at the next change of the state
	emptied chan struct{} // closed when nothing waits after the last call
}

type gateState int

const (
	gateOpen gateState = iota
	gateShut
	gateLastCall // takes what waits, and shuts
	gateEmptied
	gateClosed
)

func newGate(listener net.Listener) *gate {
	return &gate{listener: listener, changed: make(chan struct{}), emptied: make(chan struct{})}
}

func newGates(listeners []net.Listener) []*gate {
	gates := make([]*gate, len(listeners))
	for i, listener := range listeners {
		gates[i] = newGate(listener)
	}
	return gates
}

// accept returns net.ErrClosed once the gate is closed, or ended is.
func (g *gate) accept(ended <-chan struct{}) (net.Conn, error) {
	g.pulse.waiting()
	for {
		accepted, err := g.acceptOnce(ended)
		if err == nil && accepted != nil {
			g.pulse.took(accepted.RemoteAddr().String())
		}
		if err != nil || accepted != nil {
			return accepted, err
		}
	}
}

// acceptOnce returns neither a connection nor an error if it has to be called
// again, as the state is another.
func (g *gate) acceptOnce(ended <-chan struct{}) (net.Conn, error) {
	state, changed := g.look()
	select {
	case <-ended:
		return nil, net.ErrClosed
	default:
	}
	switch state {
	case gateOpen:
		accepted, err := g.listener.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, nil
		}
		return accepted, err
	case gateLastCall:
		accepted, err := acceptWaiting(g.listener)
		if accepted == nil && err == nil {
			g.enter(gateEmptied)
		}
		return accepted, err
	case gateClosed:
		return nil, net.ErrClosed
	default:
		select {
		case <-changed:
			return nil, nil
		case <-ended:
			return nil, net.ErrClosed
		}
	}
}

func (g *gate) look() (gateState, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state, g.changed
}

// enter does nothing if the state is not before next: only a gate that is shut
// can open again.
func (g *gate) enter(next gateState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if next <= g.state && (next != gateOpen || g.state != gateShut) {
		return
	}
	g.state = next
	close(g.changed)
	g.changed = make(chan struct{})
	switch next {
	case gateOpen:
		g.setDeadline(time.Time{})
	case gateEmptied:
		close(g.emptied)
	default:
		g.setDeadline(longAgo) // wakes a waiting Accept
	}
}

// setDeadline is of this process's Accept alone.
func (g *gate) setDeadline(deadline time.Time) {
	if listener, ok := g.listener.(interface{ SetDeadline(time.Time) error }); ok {
		_ = listener.SetDeadline(deadline)
	}
}

func (g *gate) pause()  { g.enter(gateShut) }
func (g *gate) resume() { g.enter(gateOpen) }

// wake lets accept look whether it has ended.
func (g *gate) wake() { g.setDeadline(longAgo) }

func (g *gate) Close() error {
	g.enter(gateClosed)
	return g.listener.Close()
}

// lastCall returns when nothing waits in the queues of gates that are accepted
// from. It may be bounded by lastCallLimit.
func lastCall(gates []*gate) {
	for _, g := range gates {
		g.enter(gateLastCall)
	}
	limit := time.NewTimer(lastCallLimit)
	defer limit.Stop()
	for _, g := range gates {
		select {
		case <-g.emptied:
		case <-limit.C:
			return
		}
	}
}

func closeGates(gates []*gate) {
	for _, g := range gates {
		g.Close()
	}
}

func checkPulses(gates []*gate, limit time.Duration) error {
	for _, g := range gates {
		if err := g.pulse.check(limit); err != nil {
			return err
		}
	}
	return nil
}
