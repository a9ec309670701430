package activation

import (
	"context"
	"fmt"
	"time"
)

// pulsed is a Service that knows whether its accept loops turn.
type pulsed interface {
	checkPulse(limit time.Duration) error
}

// liveness runs one check at a time, each in a goroutine of its own, so that a
// check that hangs is an answer too.
type liveness struct {
	check   func(context.Context) error
	running *question // that has not been answered yet; nil without
}

type question struct {
	answer chan error
	cancel context.CancelFunc
}

func (l *liveness) begin(ctx context.Context, limit time.Duration) *question {
	ctx, cancel := context.WithTimeout(ctx, limit)
	q := &question{make(chan error, 1), cancel}
	go func() { q.answer <- l.check(ctx) }()
	return q
}

// ask returns what the check says within limit, and a little more for one that
// heeds its context and says why it failed. A check that outlasts it is asked for
// again, never joined by a second one.
func (l *liveness) ask(ctx context.Context, limit time.Duration) error {
	if l.running == nil {
		l.running = l.begin(ctx, limit)
	}
	timer := time.NewTimer(limit + limit/4)
	defer timer.Stop()
	select {
	case err := <-l.running.answer:
		l.running.cancel()
		l.running = nil
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return fmt.Errorf("liveness check did not answer in %s", limit)
	}
}

// alive joins the worker's own checks with the user's. Stats takes the locks
// that each request takes.
func (r *run) alive(limit time.Duration) func(context.Context) error {
	check := r.Liveness
	if check == nil {
		check = r.Health
	}
	return func(ctx context.Context) error {
		for _, service := range r.Services {
			_ = service.Stats()
			if loop, ok := service.(pulsed); ok {
				if err := loop.checkPulse(limit); err != nil {
					return fmt.Errorf("service %q: %w", service.SocketName(), err)
				}
			}
		}
		return check(ctx)
	}
}
