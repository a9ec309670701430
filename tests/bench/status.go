package main

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/tests/stage"
)

const (
	statusWorkers = 1000
	// mostOfListing is how many times a listing by systemctl status may take.
	mostOfListing = 1.5
	// mostIdle is what a watch may use of a processor while nothing happens.
	mostIdle = 0.01
)

// statusBesideListing says how long a look at a thousand workers takes, beside
// "systemctl list-units", and what a watch costs while nothing happens.
func statusBesideListing(ctx context.Context, s *stage.Stage) error {
	spec := strings.Replace(manyCluster, "Workers=200", fmt.Sprintf("Workers=%d", statusWorkers), 1)
	many, err := s.Install(ctx, "web", spec, statusWorkers)
	if err != nil {
		return err
	}
	if err := many.Start(ctx); err != nil {
		return err
	}
	// The shell's loop is inside of the sandbox: the way into it is no part of
	// either.
	const looks = 20
	loop := func(command string) (time.Duration, error) {
		return timed(func() error {
			_, err := many.Run(ctx, "sh", "-c", fmt.Sprintf("for i in $(seq %d); do %s >/dev/null || exit 1; done", looks, command))
			return err
		})
	}
	fmt.Printf("  %-28s %12s %12s %8s\n", fmt.Sprintf("mean of %d", looks), "status ms", "listing ms", "ratio")
	var ratios []float64
	for i := range rounds {
		listing, err := loop("systemctl --no-pager list-units 'web@*'")
		if err != nil {
			return err
		}
		status, err := loop(stage.Clusterctl + " status web")
		if err != nil {
			return err
		}
		ratios = append(ratios, float64(status)/float64(listing))
		fmt.Printf("  %-28s %12.1f %12.1f %8.2f\n", fmt.Sprintf("round %d", i+1), milliseconds(status)/looks, milliseconds(listing)/looks, ratios[i])
	}
	slices.Sort(ratios)
	idle, err := idleWatch(ctx, many)
	if err != nil {
		return err
	}
	fmt.Printf("  status --watch, while nothing happens: %.2f%% of a processor\n", idle*100)
	switch ratio := ratios[len(ratios)/2]; {
	case ratio > mostOfListing:
		return fmt.Errorf("status took %.2f times a listing, wanted at most %.1f times", ratio, mostOfListing)
	case idle > mostIdle:
		return fmt.Errorf("status --watch used %.1f%% of a processor while nothing happened, wanted at most %.0f%%", idle*100, mostIdle*100)
	}
	return nil
}

// idleWatch is what a watch uses of a processor after its first look.
func idleWatch(ctx context.Context, many *stage.Cluster) (float64, error) {
	watch := many.Command(ctx, stage.Clusterctl, "status", "web", "--watch")
	out, err := watch.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := watch.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = watch.Process.Kill()
		_ = watch.Wait() // it was killed
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "WORKER") {
	}
	go func() {
		for lines.Scan() {
		}
	}()
	const window = 5 * time.Second
	time.Sleep(time.Second) // the first look is printed, and its garbage collected
	before, err := stage.ProcessorTime(watch)
	if err != nil {
		return 0, err
	}
	time.Sleep(window)
	after, err := stage.ProcessorTime(watch)
	return (after - before).Seconds() / window.Seconds(), err
}
