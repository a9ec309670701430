package activation

import (
	"context"
	"errors"
	"time"
)

const (
	// progressInterval is how often a drain reports to systemd.
	progressInterval = time.Second

	// extension is asked for at each report that shows progress; several
	// intervals, so that a busy machine doesn't miss it.
	extension = 10 * time.Second
)

// drain ends all services at once, bounded by DrainTimeout.
func (r *run) drain() error {
	r.changing.Lock() // not while it is leaving or entering service
	r.state.set(stateStopping)
	r.changing.Unlock()
	r.notify.stopping(r.DrainTimeout)
	r.Logger.Info("draining", "limit", r.DrainTimeout)
	began := time.Now()

	ctx, cancel := context.WithTimeout(context.Background(), r.DrainTimeout)
	defer cancel()
	ended := make(chan error, len(r.Services))
	for _, service := range r.Services {
		go func() { ended <- service.Drain(ctx) }()
	}
	err := r.await(ended)
	r.Logger.Info("drained", "took", time.Since(began), "error", err)
	return err
}

// await collects one result a service, and tells systemd of the progress.
func (r *run) await(ended <-chan error) error {
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	var errs []error
	last := progress{r.total(), r.moved()}
	for range r.Services {
		for waiting := true; waiting; {
			select {
			case err := <-ended:
				errs = append(errs, err)
				waiting = false
			case <-ticker.C:
				last = r.report(last)
			}
		}
	}
	return errors.Join(errs...)
}

// progress is what a drain that gets on changes.
type progress struct {
	stats Stats
	moved uint64 // bytes
}

func (p progress) since(last progress) bool {
	return p.stats.Requests != last.stats.Requests || p.stats.Connections != last.stats.Connections || p.moved != last.moved
}

// report asks for more time only if the drain has got on since last.
func (r *run) report(last progress) progress {
	now := progress{r.total(), r.moved()}
	r.notify.status("draining, %d connections and %d requests left", now.stats.Connections, now.stats.InFlight)
	if now.since(last) {
		r.notify.extend(extension)
	}
	return now
}

func (r *run) total() Stats {
	var sum Stats
	for _, service := range r.Services {
		sum = sum.plus(service.Stats())
	}
	return sum
}
