package rollout

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// Systemd is what a rollout needs of the manager, for the units of one cluster.
type Systemd interface {
	// List is the truth of this moment.
	List(context.Context) (units.Cluster, error)
	// Restart, Reload and Stop queue a job and wait for its result.
	Restart(ctx context.Context, unit string) (units.JobResult, error)
	Reload(ctx context.Context, unit string) (units.JobResult, error)
	Stop(ctx context.Context, unit string) (units.JobResult, error)
	// Changes says that something may have changed since the last List.
	Changes() <-chan struct{}
}

// Releases are the links from workers to the releases that they run.
type Releases interface {
	// Current is the release that a worker's link points at, "" without one.
	Current(instance string) (string, error)
	// Switch points the link at a release, whole or not at all.
	Switch(instance, release string) error
	// Forget takes away the link of a worker that is gone.
	Forget(instance string) error
}

// HealthCheck asks one worker whether it is healthy; nil means that it is.
type HealthCheck interface {
	Check(ctx context.Context, health spec.Health, worker units.Worker) error
}

// Recorder keeps the entries; Append returns when they can't be lost any more.
type Recorder interface {
	Append(...Entry) error
}

// Engine carries out what Next decides. Its fields must all be set.
type Engine struct {
	Systemd  Systemd
	Releases Releases
	Health   HealthCheck
	Journal  Recorder
	// Requests are what people ask of the rollout on its way, each as an
	// entry of KindRequest.
	Requests <-chan Entry
	// Report hears of each entry after it is recorded, with the run and the
	// units as they were then. It must not block.
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
	return Fold(entries).with(entry), nil
}

// Ask records a request before the engine begins to work.
func (e *Engine) Ask(run Run, verb RequestVerb) (Run, error) {
	entry := Entry{Kind: KindRequest, Time: time.Now(), Request: verb}
	if err := e.Journal.Append(entry); err != nil {
		return run, err
	}
	return run.with(entry), nil
}

// Roll moves the run to its end and returns it as it then is. An error means
// that the end could not be reached; how a rollout ended, badly included, is in
// the run. When the context ends, nothing new is begun, the jobs that systemd
// has stay with it, and the run ends as Interrupted.
func (e *Engine) Roll(ctx context.Context, run Run) (Run, error) {
	watched, stop := context.WithCancel(ctx)
	l := &loop{
		engine: e,
		run:    run,
		jobs:   make(chan jobEnd),
		probes: make(chan probeEnd),
		probed: make(map[string]*prober),
		ctx:    watched,
	}
	defer l.goroutines.Wait()
	defer stop()
	return l.roll(ctx)
}

// loop is one call of Roll. Its goroutine alone touches run and seen; the
// others, one a job and one a probed worker, only send to it.
type loop struct {
	engine     *Engine
	run        Run
	seen       Seen
	jobs       chan jobEnd
	probes     chan probeEnd
	probed     map[string]*prober
	goroutines sync.WaitGroup
	ctx        context.Context // ends with the loop
}

type jobEnd struct {
	action Action
	result units.JobResult
	err    error
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
			l.carryOut(action)
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

// look takes in the truth of this moment.
func (l *loop) look(ctx context.Context) error {
	cluster, err := l.engine.Systemd.List(ctx)
	if err != nil {
		return fmt.Errorf("look at cluster %q: %w", l.run.Cluster, err)
	}
	l.seen.Cluster = cluster
	if l.run.Release == "" {
		return nil
	}
	l.seen.Releases = make(map[string]string, len(l.run.Workers))
	for _, instance := range l.run.Workers {
		release, err := l.engine.Releases.Current(instance)
		if err != nil {
			return fmt.Errorf("look at cluster %q: %w", l.run.Cluster, err)
		}
		l.seen.Releases[instance] = release
	}
	return nil
}

// record writes a decision that says something new, before it is carried out.
func (l *loop) record(d Decision, now time.Time) error {
	if len(d.Do) == 0 && len(d.Available) == 0 && d.Phase == l.run.Phase && d.Cause == l.run.Cause {
		return nil
	}
	return l.append(Entry{Kind: KindDecision, Time: now, Do: d.Do, Available: d.Available, Phase: d.Phase, Cause: d.Cause})
}

func (l *loop) append(entry Entry) error {
	if err := l.engine.Journal.Append(entry); err != nil {
		return err
	}
	l.run = l.run.with(entry)
	l.engine.Report(entry, l.run, l.seen)
	return nil
}

func (l *loop) carryOut(action Action) {
	unit := units.WorkerName(l.run.Cluster, action.Instance)
	l.goroutines.Go(func() {
		result, err := l.engine.job(l.ctx, action, unit)
		select {
		case l.jobs <- jobEnd{action, result, err}:
		case <-l.ctx.Done():
		}
	})
}

func (e *Engine) job(ctx context.Context, action Action, unit string) (units.JobResult, error) {
	if action.Release != "" {
		if err := e.Releases.Switch(action.Instance, action.Release); err != nil {
			return "", err
		}
	}
	switch action.Verb {
	case Switch:
		return units.JobDone, nil
	case Reload:
		return e.Systemd.Reload(ctx, unit)
	case Stop:
		result, err := e.Systemd.Stop(ctx, unit)
		if err == nil {
			err = e.Releases.Forget(action.Instance)
		}
		return result, err
	case Restart:
	}
	return e.Systemd.Restart(ctx, unit)
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
	case request := <-l.engine.Requests:
		return l.append(request)
	case <-l.engine.Systemd.Changes():
	case <-alarm:
	}
	return nil
}

func (l *loop) jobEnded(end jobEnd) error {
	entry := Entry{Kind: KindJob, Time: time.Now(), ID: end.action.ID, Instance: end.action.Instance, Result: end.result}
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
