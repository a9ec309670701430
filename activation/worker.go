package activation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	// DefaultDrainTimeout bounds a drain. TimeoutStopSec= in the unit should
	// be longer (systemd.service(5)).
	DefaultDrainTimeout = 30 * time.Second

	// HealthTimeout bounds one call of Worker.Health.
	HealthTimeout = 5 * time.Second

	// healthRetry is the pause between health checks until the first passes.
	healthRetry = 100 * time.Millisecond
)

// Worker is one process that serves sockets of systemd. The zero value of
// every field but Services is useful.
type Worker struct {
	// Services are served together: all from READY=1 on, drained at once.
	Services []Service
	// Warmup hooks run in order before the first health check. An error ends Run.
	Warmup []func(context.Context) error
	// Health answers /healthz of the admin socket. The worker accepts nothing
	// before it has returned nil once.
	Health func(context.Context) error
	// Liveness feeds the watchdog, with a check that the accept loops turn: if
	// it fails, or doesn't answer within a quarter of WatchdogSec=, systemd will
	// restart the worker (systemd.service(5)). It should fail for what only a
	// restart can mend, a lock that is never freed or a pool that is used up,
	// and not for a database that is down. Nil is Health.
	Liveness func(context.Context) error
	// Reload hooks run in order on SIGHUP (systemctl reload with
	// Type=notify-reload). After an error the rest is left out.
	Reload []func(context.Context) error
	// Recycle has the worker replaced when it has passed a limit.
	Recycle Recycle
	// Admin adds handlers to the admin socket; net/http/pprof for one. As all of
	// that socket, they are for root and the worker's own user.
	Admin func(*http.ServeMux)
	// DrainTimeout replaces DefaultDrainTimeout.
	DrainTimeout time.Duration
	// Logger replaces slog.Default().
	Logger *slog.Logger
	// Sockets replaces what Inherit returns, for tests.
	Sockets *Sockets
}

// Run serves until SIGTERM, SIGINT or the end of ctx, then drains. It returns
// nil after a clean drain, a *CutError if connections had to be cut, and any
// error that kept the worker from serving. A process can have one Run.
func (w Worker) Run(ctx context.Context) error {
	r := &run{
		Worker: w.withDefaults(),
		began:  time.Now(),
		failed: make(chan error, len(w.Services)+1),
	}
	r.notify = notifier{r.Logger}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return r.run(ctx)
}

func (w Worker) withDefaults() Worker {
	if w.Logger == nil {
		w.Logger = slog.Default()
	}
	if w.DrainTimeout <= 0 {
		w.DrainTimeout = DefaultDrainTimeout
	}
	if w.Health == nil {
		w.Health = func(context.Context) error { return nil }
	}
	return w
}

// run is one Run of a Worker.
type run struct {
	Worker
	began      time.Time
	state      state
	changing   sync.Mutex // of state, with what follows from it
	notify     notifier
	admin      *admin
	supervised bool
	watchdog   time.Duration // 0 without
	failed     chan error    // what ends the serving early
}

func (r *run) run(ctx context.Context) error {
	if err := r.open(); err != nil {
		return err
	}
	defer r.admin.close()
	watching, endWatching := context.WithCancel(context.WithoutCancel(ctx))
	defer endWatching()
	if err := r.start(ctx); err != nil {
		if ctx.Err() != nil { // told to stop before it was ready: nothing failed
			r.Logger.Info("stopped before it was ready", "reason", err)
			err = nil
		}
		return errors.Join(err, r.drain())
	}
	go r.feed(watching)
	worn := make(chan string, 1)
	go r.watchUsage(watching, worn)
	return errors.Join(r.serve(ctx, worn), r.drain())
}

// serve returns when it is time to drain: nil, or what failed.
func (r *run) serve(ctx context.Context, worn <-chan string) error {
	hangups, stop := r.hangups()
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case limit := <-worn:
			r.Logger.Info("recycling", "reason", limit)
			return nil
		case err := <-r.failed:
			r.Logger.Error("serving failed", "reason", err)
			return err
		case <-hangups:
			r.reload(ctx)
		}
	}
}

// open takes the sockets and serves the admin socket, so that the worker can be
// asked from its first moment.
func (r *run) open() error {
	sockets, err := r.sockets()
	if err != nil {
		return err
	}
	if r.watchdog, err = takeWatchdog(); err != nil {
		return errors.Join(err, r.abandon(sockets, nil))
	}
	r.supervised = sockets.Supervised()
	for i, service := range r.Services {
		if err := service.Open(sockets, r.Logger); err != nil {
			return errors.Join(err, r.abandon(sockets, r.Services[:i]))
		}
	}
	if r.admin, err = openAdmin(sockets, r); err != nil {
		return errors.Join(err, r.abandon(sockets, r.Services))
	}
	for _, name := range sockets.closeUnused() {
		r.Logger.Warn("descriptor closed, as nobody took it", "name", name)
	}
	return nil
}

// abandon closes what was opened and never served.
func (r *run) abandon(sockets *Sockets, opened []Service) error {
	sockets.closeUnused()
	var errs []error
	for _, service := range opened {
		errs = append(errs, service.Drain(context.Background()))
	}
	return errors.Join(errs...)
}

func (r *run) sockets() (*Sockets, error) {
	if r.Sockets != nil {
		return r.Sockets, nil
	}
	return Inherit()
}

// start returns when the worker accepts. Up to READY=1 nothing is accepted, so
// a worker that can't get there costs no request.
func (r *run) start(ctx context.Context) error {
	for i, warm := range r.Warmup {
		r.notify.status("warming up, step %d of %d", i+1, len(r.Warmup))
		if err := warm(ctx); err != nil {
			return fmt.Errorf("warm-up step %d of %d: %w", i+1, len(r.Warmup), err)
		}
	}
	if err := r.becomeHealthy(ctx); err != nil {
		return err
	}
	// Before READY=1, for who hears of it may ask for a drain at once.
	r.state.set(stateReady)
	if err := r.notify.ready("serving"); err != nil {
		return err
	}
	for _, service := range r.Services {
		go func() {
			if err := service.Serve(); err != nil {
				r.failed <- err
			}
		}()
	}
	return nil
}

// becomeHealthy asks until the check passes. What is missing may still come; how
// long that may take is TimeoutStartSec= of the unit.
func (r *run) becomeHealthy(ctx context.Context) error {
	var said string
	for {
		err := r.checkHealth(ctx)
		if err == nil {
			return nil
		}
		if reason := err.Error(); reason != said {
			said = reason
			r.Logger.Warn("not healthy yet", "reason", reason)
			r.notify.status("not healthy yet: %s", reason)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("stopped before the health check passed: %w", err)
		case <-time.After(healthRetry):
		}
	}
}

func (r *run) checkHealth(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, HealthTimeout)
	defer cancel()
	return r.Health(ctx)
}
