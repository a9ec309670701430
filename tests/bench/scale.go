package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// sizes are numbers of workers; a tenth of them is moved at once.
var sizes = []int{10, 100, 1000}

// mostGrowth is how many times the cost of a worker among ten the cost of one
// among a thousand may be, beyond what systemd itself takes for its job.
const mostGrowth = 3

// scale says what a rollout costs a worker, beside the bare jobs in the same
// batches: in time, and in the engine's own CPU and memory.
func scale(ctx context.Context, s *stage.Stage) error {
	fmt.Printf("  %-8s %14s %14s %7s %16s %14s\n", "workers", "rollout", "bare jobs", "ratio", "engine's CPU", "peak memory")
	fmt.Printf("  %-8s %14s %14s %7s %16s %14s\n", "", "ms/worker", "ms/worker", "", "ms/worker", "MB")
	var ratios []float64
	for _, n := range sizes {
		name := fmt.Sprintf("c%d", n)
		cluster, err := s.Install(ctx, name, strings.NewReplacer(
			"Workers=200", fmt.Sprintf("Workers=%d", n),
			"MaxUnavailable=20", "MaxUnavailable=10%",
			"8080", fmt.Sprint(10_000+n),
		).Replace(manyCluster), n)
		if err != nil {
			return err
		}
		if err := cluster.Start(ctx); err != nil {
			return err
		}
		bare, err := timed(func() error { return restartInBatches(ctx, cluster, n/10) })
		if err != nil {
			return err
		}
		// The engine by itself, as its unit runs it.
		engine := cluster.Command(ctx, stage.Clusterctl, "rollout", "engine", name)
		var peak int
		rolled, err := timed(func() (err error) {
			peak, err = runMeasured(engine)
			return err
		})
		if err != nil {
			return err
		}
		perWorker := func(d time.Duration) float64 { return milliseconds(d) / float64(n) }
		cpu := engine.ProcessState.UserTime() + engine.ProcessState.SystemTime()
		ratio := float64(rolled) / float64(bare)
		ratios = append(ratios, ratio)
		fmt.Printf("  %-8d %14.1f %14.1f %7.2f %16.2f %14.0f\n", n, perWorker(rolled), perWorker(bare), ratio, perWorker(cpu), float64(peak)/1e6)
		if _, err := cluster.Run(ctx, "systemctl", append([]string{"stop", name + ".service", name + ".socket"}, cluster.WorkerNames()...)...); err != nil {
			return err
		}
	}
	if first, last := ratios[0], ratios[len(ratios)-1]; last > mostGrowth*first {
		return fmt.Errorf("beside the bare jobs a worker costs %.1f times as much among %d as among %d, wanted at most %d times",
			last/first, sizes[len(sizes)-1], sizes[0], mostGrowth)
	}
	return nil
}

// restartInBatches does what the rollout does, without looking at anything.
func restartInBatches(ctx context.Context, cluster *stage.Cluster, size int) error {
	names := cluster.WorkerNames()
	for len(names) > 0 {
		batch := names[:min(size, len(names))]
		names = names[len(batch):]
		if _, err := cluster.Run(ctx, "systemctl", append([]string{"restart"}, batch...)...); err != nil {
			return err
		}
	}
	return nil
}
