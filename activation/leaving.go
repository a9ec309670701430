package activation

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// leaving is whether a service is on its way out, for good or paused. Handlers
// wait for it through Draining.
type leaving struct {
	now    atomic.Bool
	mu     sync.Mutex
	signal chan struct{}
}

func newLeaving() *leaving { return &leaving{signal: make(chan struct{})} }

func (l *leaving) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now.Swap(true) {
		return
	}
	close(l.signal)
}

func (l *leaving) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now.Swap(false) {
		l.signal = make(chan struct{})
	}
}

func (l *leaving) begun() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.signal
}

type leavingKey struct{}

func (l *leaving) announce(next func(net.Listener) context.Context) func(net.Listener) context.Context {
	return func(listener net.Listener) context.Context {
		ctx := context.Background()
		if next != nil {
			ctx = next(listener)
		}
		return context.WithValue(ctx, leavingKey{}, l)
	}
}

// Draining returns a channel that is closed when the service of a request's
// context begins to drain, or is taken out of service. Handlers of long polls, streams
// and hijacked connections wait on it to finish early. It is nil for any other
// context.
func Draining(ctx context.Context) <-chan struct{} {
	if l, ok := ctx.Value(leavingKey{}).(*leaving); ok {
		return l.begun()
	}
	return nil
}
