package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/godbus/dbus/v5"

	"github.com/clusterctl/clusterctl/units"
)

// jobs hands each JobRemoved signal to whoever waits for that job. The signal
// can be handled before the reply that names the job has reached its caller,
// so results are kept as long as any call is under way.
type jobs struct {
	mu      sync.Mutex
	calls   int
	early   map[dbus.ObjectPath]units.JobResult
	waiters map[dbus.ObjectPath]waiter
}

type waiter struct {
	unit   string
	result chan units.JobResult
}

func (j *jobs) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls++
}

// end closes the call that begin opened. With a job it returns the channel on
// which the result arrives; it is buffered, so nobody can block the signals.
func (j *jobs) end(job dbus.ObjectPath, unit string) <-chan units.JobResult {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls--
	result := make(chan units.JobResult, 1)
	if early, ok := j.early[job]; ok {
		result <- early
		delete(j.early, job)
	} else if job != "" {
		if j.waiters == nil {
			j.waiters = make(map[dbus.ObjectPath]waiter)
		}
		j.waiters[job] = waiter{unit, result}
	}
	if j.calls == 0 {
		j.early = nil
	}
	return result
}

func (j *jobs) removed(job dbus.ObjectPath, result units.JobResult) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if waiter, ok := j.waiters[job]; ok {
		waiter.result <- result
		delete(j.waiters, job)
		return
	}
	if j.calls == 0 {
		return
	}
	if j.early == nil {
		j.early = make(map[dbus.ObjectPath]units.JobResult)
	}
	j.early[job] = result
}

// awaits says that somebody waits for a job of the unit.
func (j *jobs) awaits(unit string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, waiter := range j.waiters {
		if waiter.unit == unit {
			return true
		}
	}
	return false
}

// waiting are the jobs whose result is waited for.
func (j *jobs) waiting() []dbus.ObjectPath {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Collect(maps.Keys(j.waiters))
}

// lose ends the wait for a job that has ended without a signal, and says whose
// it was, if anybody waited.
func (j *jobs) lose(job dbus.ObjectPath) (unit string, waited bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	waiter, waited := j.waiters[job]
	if waited {
		close(waiter.result)
		delete(j.waiters, job)
	}
	return waiter.unit, waited
}

func (j *jobs) forget(job dbus.ObjectPath) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.waiters, job)
}

// Restart queues a restart job for the unit and waits for its result. When the
// context ends first the job stays with systemd. NRestarts counts from 0 after
// it, on every systemd.
func (c *Conn) Restart(ctx context.Context, unit string) (units.JobResult, error) {
	c.forgetCrashes(ctx, unit)
	return c.job(ctx, "restart", "RestartUnit", unit)
}

// Reload queues a reload job for the unit and waits for its result.
func (c *Conn) Reload(ctx context.Context, unit string) (units.JobResult, error) {
	return c.job(ctx, "reload", "ReloadUnit", unit)
}

// Start queues a start job for the unit and waits for its result. A unit that is
// up stays as it is.
func (c *Conn) Start(ctx context.Context, unit string) (units.JobResult, error) {
	return c.job(ctx, "start", "StartUnit", unit)
}

// Stop queues a stop job for the unit and waits for its result.
func (c *Conn) Stop(ctx context.Context, unit string) (units.JobResult, error) {
	return c.job(ctx, "stop", "StopUnit", unit)
}

// forgetCrashes sets NRestarts back. systemd 252 keeps the count over a restart
// job that finds the unit waiting for its automatic restart, and so a crash loop
// that is over would look like one of the new start. A unit that is not loaded
// has nothing to forget, and whoever may not do this may not restart either:
// the job that follows says so.
//
// The call is on its way before the job's, and nobody waits for its answer.
func (c *Conn) forgetCrashes(ctx context.Context, unit string) {
	manager := c.bus.Object(destination, managerPath)
	manager.GoWithContext(ctx, managerInterface+".ResetFailedUnit", dbus.FlagNoReplyExpected, nil, unit)
}

func (c *Conn) job(ctx context.Context, verb, method, unit string) (units.JobResult, error) {
	return c.queue(ctx, verb, unit, method, unit, "replace")
}

// queue calls a method of the manager that queues a job, and waits for the
// job's result.
func (c *Conn) queue(ctx context.Context, verb, unit, method string, args ...any) (units.JobResult, error) {
	if err := c.queuing.take(ctx); err != nil {
		return "", fmt.Errorf("%s %q: %w", verb, unit, err)
	}
	var job dbus.ObjectPath
	c.jobs.begin()
	err := c.manager(ctx, method, args...).Store(&job)
	result := c.jobs.end(job, unit)
	c.queuing.give()
	if err != nil {
		return "", c.refused(verb, unit, err)
	}
	select {
	case result, heard := <-result:
		if !heard {
			return "", fmt.Errorf("%s %q: systemd was away when the job ended: %w", verb, unit, ErrLost)
		}
		return result, nil
	case <-ctx.Done():
		c.jobs.forget(job)
		c.mark(unit)
		return "", fmt.Errorf("%s %q: %w", verb, unit, context.Cause(ctx))
	case <-c.Lost():
		return "", fmt.Errorf("%s %q: %w", verb, unit, ErrLost)
	}
}

func (c *Conn) refused(verb, unit string, err error) error {
	explained := c.explain(err)
	var answer dbus.Error
	if errors.As(explained, &answer) {
		return &units.JobError{Verb: verb, Unit: unit, Name: answer.Name, Message: answer.Error()}
	}
	return fmt.Errorf("%s %q: %w", verb, unit, explained)
}
