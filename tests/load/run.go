package load

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Run is load that is going on.
type Run struct {
	config     Config
	client     *client
	path, slow *http.Request
	slots      chan struct{}
	cancel     context.CancelFunc
	done       chan struct{} // closed when nothing is in flight any more

	mu           sync.Mutex
	total, phase *tally
	phases       []Report
	ended        time.Time
}

// Start sends requests until Stop is called or ctx ends, and returns at once.
// It fails if config makes no sense; a server that is not there shows in the
// report.
func Start(ctx context.Context, config Config) (*Run, error) {
	config, err := config.complete()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	r := &Run{
		config: config,
		client: &client{config: config},
		slots:  make(chan struct{}, config.MaxConns),
		done:   make(chan struct{}),
	}
	if r.path, err = r.client.request(config.Path); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if r.slow, err = r.client.request(config.SlowPath); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	pace, err := newPace(config.Rate)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	r.total = newTally("", pace.start)
	ctx, r.cancel = context.WithCancel(ctx)
	go r.dispatch(ctx, pace)
	return r, nil
}

// Stop sends nothing more, waits for the requests in flight (for the timeout of
// one at most), and returns the report of the whole run with its phases. Called
// again it returns the same report.
func (r *Run) Stop() Report {
	r.cancel()
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	report := r.total.snapshot(r.ended)
	report.Phases = slices.Clone(r.phases)
	return report
}

// Phase ends the phase that is going on, if any, returns its report, and begins
// the one called name. A request belongs to the phase in which it ends. What is
// outside of every phase counts for the whole run only.
func (r *Run) Phase(name string) Report {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	ended := r.endPhase(now)
	r.phase = newTally(name, now)
	return ended
}

func (r *Run) endPhase(now time.Time) Report {
	if r.phase == nil {
		return Report{}
	}
	ended := r.phase.snapshot(now)
	r.phases = append(r.phases, ended)
	r.phase = nil
	return ended
}

// dispatch hands out each request when it is due.
func (r *Run) dispatch(ctx context.Context, pace *pace) {
	defer close(r.done)
	defer r.finish()
	unhook := context.AfterFunc(ctx, pace.stop)
	defer unhook()
	var flight sync.WaitGroup
	defer flight.Wait()
	// Requests in flight outlive the run: cut short they would count as failed.
	requests := context.WithoutCancel(ctx)
	slowDue := 0.0
	for {
		times, err := pace.wait()
		if err != nil {
			return
		}
		for _, due := range times {
			slowDue += r.config.SlowShare
			slow := slowDue >= 1
			if slow {
				slowDue--
			}
			flight.Go(func() { r.count(r.request(requests, due, slow)) })
		}
	}
}

func (r *Run) request(ctx context.Context, due time.Time, slow bool) result {
	ctx, cancel := context.WithDeadline(ctx, due.Add(r.config.Timeout))
	defer cancel()
	request := r.path
	if slow {
		request = r.slow
	}
	res := result{slow: slow, due: due, late: time.Since(due)}
	select {
	case r.slots <- struct{}{}:
		res.answer, res.err = r.client.send(ctx, request)
		<-r.slots
	case <-ctx.Done():
		res.err = fmt.Errorf("not sent, with %d requests in flight all the time: %w", r.config.MaxConns, ctx.Err())
	}
	res.latency = time.Since(due)
	return res
}

func (r *Run) count(res result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total.add(res)
	if r.phase != nil {
		r.phase.add(res)
	}
}

func (r *Run) finish() {
	r.client.close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = time.Now()
	r.endPhase(r.ended)
}
