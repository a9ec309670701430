package activation

import (
	"fmt"
	"sync"
	"time"
)

// pulse tells whether an accept loop still turns: it may stay in Accept for as
// long as nobody connects, but from one Accept to the next it has only to hand
// the connection on. What can hold it there is a hook of the user's.
type pulse struct {
	mu   sync.Mutex
	busy time.Time // since when it is outside Accept; zero inside
	with string    // the client it took last
}

func (p *pulse) waiting() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = time.Time{}
}

func (p *pulse) took(client string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy, p.with = time.Now(), client
}

// check fails if the loop has been outside Accept for longer than limit.
func (p *pulse) check(limit time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy.IsZero() {
		return nil
	}
	if stuck := time.Since(p.busy); stuck > limit {
		return fmt.Errorf("accept loop is stuck for %s, since client %q", stuck.Round(time.Millisecond), p.with)
	}
	return nil
}
