package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

const (
	rounds = 5
	// rate is of each of the two loads, in requests per second.
	rate = 150
	// quiet is how long the load runs before each rollout.
	quiet = 2 * time.Second
	// most is how many times the least possible time a rollout may take.
	most = 1.1
)

const webCluster = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080

[Rollout]
MaxUnavailable=1
Health=http /healthz

[Service]
ExecStart=/opt/workers/go-worker --instance %i --warmup 200ms
`

// round is one pass over all workers.
type round struct {
	took, least      time.Duration
	before, during   time.Duration // p99
	requests, failed int
}

func (r round) ratio() float64 { return float64(r.took) / float64(r.least) }

func rolloutBesideLoop(ctx context.Context, s *stage.Stage) error {
	web, err := s.Install(ctx, "web", webCluster, 4)
	if err != nil {
		return err
	}
	if err := web.Start(ctx); err != nil {
		return err
	}
	ways := []struct {
		name string
		roll func(context.Context, *stage.Cluster) error
	}{
		{"clusterctl rollout restart", rollout},
		{"systemctl restart, a loop", loop},
	}
	measured := make([][]round, len(ways))
	for range rounds { // in turns, so that what disturbs one disturbs the other
		for i, way := range ways {
			r, err := measureRound(ctx, web, way.roll)
			if err != nil {
				return fmt.Errorf("%s: %w", way.name, err)
			}
			measured[i] = append(measured[i], r)
		}
	}
	fmt.Printf("  %-28s %8s %8s %7s %19s %10s %10s %9s %7s\n",
		"median of "+strconv.Itoa(rounds), "took s", "least s", "ratio", "(min to max)", "p99 before", "p99 during", "requests", "failed")
	for i, way := range ways {
		printRounds(way.name, measured[i])
	}
	return judge(measured[0])
}

func rollout(ctx context.Context, web *stage.Cluster) error {
	_, err := web.Run(ctx, stage.Clusterctl, "rollout", "restart", web.Name)
	return err
}

func loop(ctx context.Context, web *stage.Cluster) error {
	for _, unit := range web.WorkerNames() {
		if _, err := web.Run(ctx, "systemctl", "restart", unit); err != nil {
			return err
		}
	}
	return nil
}

func measureRound(ctx context.Context, web *stage.Cluster, roll func(context.Context, *stage.Cluster) error) (round, error) {
	var runs []*load.Run
	for _, mode := range []load.Mode{load.KeepAlive, load.NewConnection} {
		run, err := web.Load(ctx, mode, rate)
		if err != nil {
			return round{}, err
		}
		defer run.Stop()
		run.Phase("before")
		runs = append(runs, run)
	}
	select {
	case <-time.After(quiet):
	case <-ctx.Done():
		return round{}, context.Cause(ctx)
	}
	for _, run := range runs {
		run.Phase("during")
	}
	var r round
	began := time.Now()
	if err := roll(ctx, web); err != nil {
		return round{}, err
	}
	r.took = time.Since(began)
	for _, run := range runs {
		report := run.Stop()
		r.requests += report.Requests
		r.failed += report.Failed
		r.before = max(r.before, report.Phases[0].P99)
		r.during = max(r.during, report.Phases[1].P99)
	}
	var err error
	r.least, err = leastPossible(ctx, web)
	return r, err
}

// leastPossible is what the workers themselves needed in the pass that is just
// over, one after the other: from the begin of each one's drain to its end, and
// from its start to READY=1, by systemd's own clock (the timestamps of
// org.freedesktop.systemd1(5)).
func leastPossible(ctx context.Context, web *stage.Cluster) (time.Duration, error) {
	const stopping, stopped = "ActiveExitTimestampMonotonic", "InactiveEnterTimestampMonotonic"
	const starting, ready = "InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic"
	all, err := web.PropertiesOf(ctx, web.WorkerNames(), stopping, stopped, starting, ready)
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, worker := range all {
		at := func(name string) time.Duration {
			microseconds, parseErr := strconv.ParseInt(worker[name], 10, 64)
			if parseErr != nil {
				err = parseErr
			}
			return time.Duration(microseconds) * time.Microsecond
		}
		sum += at(stopped) - at(stopping) + at(ready) - at(starting)
	}
	return sum, err
}

func printRounds(name string, measured []round) {
	r := median(measured)
	ratios := make([]float64, len(measured))
	requests, failed := 0, 0
	for i, one := range measured {
		ratios[i] = one.ratio()
		requests += one.requests
		failed += one.failed
	}
	fmt.Printf("  %-28s %8.2f %8.2f %7.3f %19s %7.1f ms %7.1f ms %9d %7d\n", name, r.took.Seconds(), r.least.Seconds(), r.ratio(),
		fmt.Sprintf("(%.3f to %.3f)", slices.Min(ratios), slices.Max(ratios)), milliseconds(r.before), milliseconds(r.during), requests, failed)
}

// median is the round with the median ratio.
func median(measured []round) round {
	sorted := slices.SortedFunc(slices.Values(measured), func(a, b round) int {
		if a.ratio() < b.ratio() {
			return -1
		}
		return 1
	})
	return sorted[len(sorted)/2]
}

func judge(measured []round) error {
	for _, r := range measured {
		if r.failed > 0 {
			return fmt.Errorf("%d requests failed, wanted 0", r.failed)
		}
	}
	if r := median(measured); r.ratio() > most {
		return fmt.Errorf("it took %.3f times the least possible, wanted at most %.1f", r.ratio(), most)
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
