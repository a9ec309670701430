package load

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Report is what became of the requests of a run, or of one phase of it.
type Report struct {
	Phase  string // empty for the whole run
	Began  time.Time
	Length time.Duration

	Requests int // that ended, well or not
	Failed   int // got anything but a complete 2xx response
	Slow     int // of the successful ones, those to SlowPath
	ByKind   map[Kind]int
	Errors   []Failure // the first few

	// Latencies of the successful requests to Path, from the time each was due.
	P50, P99, P999, Max time.Duration
	// Late is the 99th percentile of how late this process began with a request
	// that was due: what this machine adds to the latencies by itself.
	Late time.Duration

	PerWorker  map[string]int // complete responses by their X-Worker
	PerRelease map[string]int // and by their X-Release
	Statuses   map[int]int

	Phases []Report // of the whole run, in order
}

// Failure is one failed request.
type Failure struct {
	Due    time.Time
	After  time.Duration // from Due to the failure
	Kind   Kind
	Worker string // that answered; empty if none did
	Detail string
}

func (f Failure) String() string {
	return fmt.Sprintf("%s +%s %s: %s", f.Due.Format("15:04:05.000"), f.After.Round(time.Microsecond), f.Kind, f.Detail)
}

func (t *tally) snapshot(now time.Time) Report {
	r := t.report
	r.Length = now.Sub(r.Began)
	r.ByKind, r.Statuses = maps.Clone(r.ByKind), maps.Clone(r.Statuses)
	r.PerWorker, r.PerRelease = maps.Clone(r.PerWorker), maps.Clone(r.PerRelease)
	r.Errors = slices.Clone(r.Errors)
	r.P50, r.P99 = quantile(t.latency, 50), quantile(t.latency, 99)
	r.P999, r.Max = quantile(t.latency, 99.9), quantile(t.latency, 100)
	r.Late = quantile(t.late, 99)
	return r
}

func quantile(h *hdrhistogram.Histogram, percent float64) time.Duration {
	return time.Duration(h.ValueAtQuantile(percent)) * time.Microsecond
}

// String is a table of the whole run and its phases, then what failed, and the
// responses of each worker.
func (r Report) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "phase\tseconds\trequests\tfailed\tp50 ms\tp99 ms\tp99.9 ms\tmax ms\tlate p99 ms\t")
	for _, row := range append(slices.Clone(r.Phases), r) {
		fmt.Fprintf(table, "%s\t%.2f\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t\n",
			cmp.Or(row.Phase, "all"), row.Length.Seconds(), row.Requests, row.Failed,
			ms(row.P50), ms(row.P99), ms(row.P999), ms(row.Max), ms(row.Late))
	}
	_ = table.Flush() // strings.Builder takes everything
	if r.Failed > 0 {
		fmt.Fprintf(&text, "failed: %s\n", r.kinds())
	}
	for _, failure := range r.Errors {
		fmt.Fprintf(&text, "  %s\n", failure)
	}
	fmt.Fprintf(&text, "per worker: %s\n", counts(r.PerWorker))
	return text.String()
}

func (r Report) kinds() string {
	var parts []string
	for _, kind := range Kinds {
		if n := r.ByKind[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	return strings.Join(parts, ", ")
}

func counts(m map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", cmp.Or(name, "(none)"), m[name]))
	}
	return strings.Join(parts, ", ")
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }
