package rollout

import (
	"context"

	"github.com/clusterctl/clusterctl/units"
)

// acting is the goroutine that acts on one worker.
type acting struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// jobEnd is how an action ended.
type jobEnd struct {
	action Action
	result units.JobResult
	err    error
}

// actOn carries out an action. What was begun for the same worker before is
// given up first, so that a late switch can't undo a newer one; the job that it
// queued is replaced by systemd when the next one comes.
func (l *loop) actOn(action Action) {
	ctx, cancel := context.WithCancel(l.ctx)
	before, now := l.acting[action.Instance], &acting{cancel: cancel, done: make(chan struct{})}
	l.acting[action.Instance] = now
	systemd, unit := l.systemd, units.WorkerName(l.run.Cluster, action.Instance)
	l.goroutines.Go(func() {
		defer close(now.done)
		defer cancel()
		if before != nil {
			before.cancel()
			<-before.done
		}
		result, err := l.engine.act(ctx, systemd, action, unit)
		select {
		case l.jobs <- jobEnd{action, result, err}:
		case <-ctx.Done():
		}
	})
}

func (e *Engine) act(ctx context.Context, systemd Systemd, action Action, unit string) (units.JobResult, error) {
	if err := ctx.Err(); err != nil {
		return "", err // given up before it began
	}
	if action.Release != "" {
		if err := e.Releases.Switch(action.Instance, action.Release); err != nil {
			return "", err
		}
	}
	switch action.Verb {
	case Switch:
		return units.JobDone, nil
	case Reload:
		return systemd.Reload(ctx, unit)
	case Stop:
		result, err := systemd.Stop(ctx, unit)
		if err == nil {
			err = e.Releases.Forget(action.Instance)
		}
		return result, err
	case Restart:
	}
	return systemd.Restart(ctx, unit)
}
