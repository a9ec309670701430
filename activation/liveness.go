package activation

import (
	"context"
	"errors"
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
	running chan error // of the check that has not answered yet; nil without
}

// ask returns what the check says within limit. A check that outlasts it is asked
// for again, never joined by a second one.
func (l *liveness) ask(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	if l.running == nil {
		answer := make(chan error, 1)
		l.running = answer
		go func() {
			defer cancel()
			answer <- l.check(ctx)
		}()
	} else {
		defer cancel()
	}
	select {
	case err := <-l.running:
		l.running = nil
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-l.running: // it heeds its context, and may say why
		l.running = nil
		return errors.Join(err, ctx.Err())
	default:
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
