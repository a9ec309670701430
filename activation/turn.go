package activation

import (
	"context"
	"sync"
	"sync/atomic"
)

// turn is one server of a Server's, from its first Serve to its Shutdown.
type turn struct {
	server    Acceptor
	listeners []*heldListener
	serving   sync.WaitGroup
	ending    atomic.Bool
}

func (s *Server) beginTurn() *turn {
	t := &turn{server: s.New()}
	for _, g := range s.gates {
		listener := newHeldListener(g, &s.conns)
		t.listeners = append(t.listeners, listener)
		t.serving.Go(func() {
			err := t.server.Serve(listener)
			if t.ending.Load() {
				return // servers differ in how they call their end
			}
			select {
			case s.failed <- err:
			default: // another was first
			}
		})
	}
	return t
}

// retire has the turn accept nothing more, for good.
func (t *turn) retire() {
	t.ending.Store(true)
	for _, listener := range t.listeners {
		listener.retire()
	}
}

func (t *turn) end(ctx context.Context) error {
	t.ending.Store(true)
	err := t.server.Shutdown(ctx)
	for _, listener := range t.listeners {
		listener.Close()
	}
	t.serving.Wait()
	return err
}
