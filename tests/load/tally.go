package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// keptErrors is how many failures a report tells in full.
const keptErrors = 10

// result is what became of one request.
type result struct {
	answer
	err     error
	slow    bool
	due     time.Time
	late    time.Duration // we began to work on it so long after it was due
	latency time.Duration
}

// tally counts results; its owner locks it.
type tally struct {
	report        Report
	latency, late *hdrhistogram.Histogram // microseconds
}

func newTally(phase string, now time.Time) *tally {
	const hour, digits = int64(time.Hour / time.Microsecond), 3
	return &tally{
		report: Report{
			Phase:      phase,
			Began:      now,
			ByKind:     make(map[Kind]int),
			PerWorker:  make(map[string]int),
			PerRelease: make(map[string]int),
			Statuses:   make(map[int]int),
		},
		latency: hdrhistogram.New(1, hour, digits),
		late:    hdrhistogram.New(1, hour, digits),
	}
}

func (t *tally) add(r result) {
	t.report.Requests++
	// Both fail only beyond an hour, and a request has its timeout.
	_ = t.late.RecordValue(r.late.Microseconds())
	if r.status != 0 {
		t.report.Statuses[r.status]++
		t.report.PerWorker[r.worker]++
		t.report.PerRelease[r.release]++
	}
	if r.err != nil {
		t.fail(r)
		return
	}
	if r.slow {
		t.report.Slow++
		return
	}
	_ = t.latency.RecordValue(r.latency.Microseconds())
}

func (t *tally) fail(r result) {
	kind := kindOf(r.err)
	t.report.Failed++
	t.report.ByKind[kind]++
	if len(t.report.Errors) < keptErrors {
		t.report.Errors = append(t.report.Errors, Failure{
			Due: r.due, After: r.latency, Kind: kind, Worker: r.worker, Detail: r.err.Error(),
		})
	}
}
