package activation

import (
	"context"
	"sync"
)

// period is the context of what a service does from one begin to the next end.
type period struct {
	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
}

func (p *period) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx, p.cancel = context.WithCancel(context.Background())
}

func (p *period) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel()
}

// context is one that has ended already, between an end and the next begin.
func (p *period) context() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ctx
}
