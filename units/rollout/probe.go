package rollout

import (
	"context"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// prober asks one start of one worker for its health until it is stopped.
type prober struct {
	invocation string
	stop       context.CancelFunc
}

type probeEnd struct {
	instance   string
	invocation string
	err        error
}

// probe keeps a prober for each worker that serves and whose gate is not met
// yet, for a canary that is held, and none for any other.
func (l *loop) probe() {
	if l.run.Policy.Health.Kind == spec.HealthNone {
		return
	}
	wanted := make(map[string]bool)
	for _, w := range l.seen.Workers {
		if w.ActiveState.Serving() && l.asks(w.Instance) {
			wanted[w.Instance] = true
			l.startProber(w)
		}
	}
	for instance, prober := range l.probed {
		if !wanted[instance] {
			prober.stop()
			delete(l.probed, instance)
		}
	}
}

// asks says whether the health of a worker matters: its gates are to be met, or
// it is a canary that is looked at.
func (l *loop) asks(instance string) bool {
	step := l.run.step(instance)
	switch step.State {
	case Done, Unknown:
		return step.Verb == Restart || step.Verb == Reload
	case Available:
		return l.run.Phase == Held
	}
	return false
}

func (l *loop) startProber(w units.Worker) {
	running, ok := l.probed[w.Instance]
	if ok && running.invocation == w.InvocationID {
		return
	}
	if ok {
		running.stop()
	}
	ctx, stop := context.WithCancel(l.ctx)
	l.probed[w.Instance] = &prober{invocation: w.InvocationID, stop: stop}
	health := l.run.Policy.Health
	l.goroutines.Go(func() {
		for {
			asked, cancel := context.WithTimeout(ctx, health.Timeout)
			err := l.engine.Health.Check(asked, health, w)
			cancel()
			select {
			case l.probes <- probeEnd{w.Instance, w.InvocationID, err}:
			case <-ctx.Done():
				return
			}
			select {
			case <-time.After(health.Interval):
			case <-ctx.Done():
				return
			}
		}
	})
}

func (l *loop) probeEnded(end probeEnd) {
	if l.seen.Probes == nil {
		l.seen.Probes = make(map[string]Probe)
	}
	last := l.seen.Probes[end.instance]
	next := Probe{InvocationID: end.invocation, Healthy: end.err == nil}
	if end.err != nil {
		next.Error = end.err.Error()
		next.Failures = 1
		if last.InvocationID == end.invocation {
			next.Failures = last.Failures + 1
			next.Healthy = false
		}
	}
	l.seen.Probes[end.instance] = next
}
