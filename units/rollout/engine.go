package rollout

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Engine carries out what Next decides. Its fields must be set but for Dialer
// and Requests.
type Engine struct {
	Systemd  Systemd
	Releases Releases
	Health   HealthCheck
	Queues   Queues
	Journal  Recorder
	// Dialer reaches systemd again when it, or the bus to it, is gone for a
	// while. Without one that ends Roll with an error.
	Dialer Dialer
	// Requests are what people ask of the rollout on its way: of each entry
	// the Request counts.
	Requests <-chan Entry
	// Report hears of each entry after it is recorded, with the run and the
	// units as they were then. It must neither block nor keep the run.
	Report func(Entry, Run, Seen)
}

// Begin records the start of a rollout and returns its run.
func (e *Engine) Begin(start Start) (Run, error) {
	entry := Entry{Kind: KindStart, Time: time.Now(), Start: &start}
	if err := e.Journal.Append(entry); err != nil {
		return Run{}, err
	}
	return Fold([]Entry{entry}), nil
}

// Resume records that this engine takes over a rollout whose engine has died,
// and returns its run. The jobs of the dead engine are judged by what the
// workers themselves show.
func (e *Engine) Resume(entries []Entry) (Run, error) {
	entry := Entry{Kind: KindResume, Time: time.Now()}
	if err := e.Journal.Append(entry); err != nil {
		return Run{}, err
	}
	return Fold(slices.Concat(entries, []Entry{entry})), nil
}

// Ask records a request before the engine begins to work.
func (e *Engine) Ask(run Run, verb RequestVerb) (Run, error) {
	entry := Entry{Kind: KindRequest, Time: time.Now(), Request: verb}
	if err := e.Journal.Append(entry); err != nil {
		return run, err
	}
	run.apply(entry)
	return run, nil
}

// Roll moves the run to its end and returns it as it then is. An error means
// that the end could not be reached; how a rollout ended, badly included, is in
// the run. When the context ends, nothing new is begun, the jobs that systemd
// has stay with it, and the run ends as Interrupted.
func (e *Engine) Roll(ctx context.Context, run Run) (Run, error) {
	watched, stop := context.WithCancel(ctx)
	l := &loop{
		engine:   e,
		systemd:  e.Systemd,
		requests: e.Requests,
		run:      run,
		acting:   make(map[string]*acting),
		jobs:     make(chan jobEnd),
		probes:   make(chan probeEnd),
		probed:   make(map[string]*prober),
		ctx:      watched,
	}
	defer l.goroutines.Wait()
	defer stop()
	return l.roll(ctx)
}

// loop is one call of Roll. Its goroutine alone touches run and seen; the
// others, one a job and one a probed worker, only send to it.
type loop struct {
	engine     *Engine
	systemd    Systemd
	requests   <-chan Entry
	acting     map[string]*acting // by instance
	run        Run
	seen       Seen
	jobs       chan jobEnd
	probes     chan probeEnd
	probed     map[string]*prober
	goroutines sync.WaitGroup
	ctx        context.Context // ends with the loop
}

func (l *loop) roll(ctx context.Context) (Run, error) {
	for {
		err := l.look(ctx)
		if ctx.Err() != nil {
			return l.interrupted(ctx)
		}
		if err != nil {
			return l.run, err
		}
		now := time.Now()
		decision := Next(l.run, l.seen, now)
		if err := l.record(decision, now); err != nil {
			return l.run, err
		}
		if l.run.Phase.Over() {
			return l.run, nil
		}
		for _, action := range decision.Do {
			l.actOn(action)
		}
		l.probe()
		if err := l.wait(ctx, decision.Wake); err != nil {
			return l.run, err
		}
		if ctx.Err() != nil {
			return l.interrupted(ctx)
		}
	}
}

// record writes a decision that says something new, before it is carried out.
func (l *loop) record(d Decision, now time.Time) error {
	if len(d.Do) == 0 && len(d.Available) == 0 && d.Phase == l.run.Phase && d.Cause == l.run.Cause {
		return nil
	}
	return l.append(d.entry(now))
}

func (l *loop) append(entry Entry) error {
	if err := l.engine.Journal.Append(entry); err != nil {
		return err
	}
	l.run.apply(entry)
	l.engine.Report(entry, l.run, l.seen)
	return nil
}

// wait returns when there is a reason to look again, or the context has ended.
// An error is the journal's.
func (l *loop) wait(ctx context.Context, wake time.Time) error {
	var alarm <-chan time.Time
	if !wake.IsZero() {
		timer := time.NewTimer(time.Until(wake))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-ctx.Done():
	case end := <-l.jobs:
		return l.jobEnded(end)
	case end := <-l.probes:
		l.probeEnded(end)
	case request, open := <-l.requests:
		if !open {
			l.requests = nil
			return nil
		}
		return l.requested(request)
	case <-l.systemd.Changes():
	case <-alarm:
	}
	return nil
}

// requested records a request that makes a difference.
func (l *loop) requested(request Entry) error {
	if !l.run.takes(request.Request) {
		return nil
	}
	request.Kind, request.Time = KindRequest, time.Now()
	return l.append(request)
}

// jobEnded records how a job ended, unless another one has replaced it.
func (l *loop) jobEnded(end jobEnd) error {
	if !l.run.awaits(end.action) {
		return nil
	}
	entry := Entry{Kind: KindJob, Time: time.Now(), ID: end.action.ID, Instance: end.action.Instance, Result: end.result}
	if errors.Is(end.err, ErrUnreachable) {
		entry.Kind = KindLost
	}
	if end.err != nil {
		entry.Error = end.err.Error()
	}
	return l.append(entry)
}

// interrupted ends the run because the context has ended, which is never a
// failure of the workers: all of them are left as they are.
func (l *loop) interrupted(ctx context.Context) (Run, error) {
	cause := Cause{Message: context.Cause(ctx).Error()}
	if err := l.append(Entry{Kind: KindDecision, Time: time.Now(), Phase: Interrupted, Cause: cause}); err != nil {
		return l.run, err
	}
	return l.run, nil
}
