// Command bench measures rollouts on a private systemd, beside the shell loop
// that people use instead. It judges by ratios of what was measured in the same
// run, never by a time in itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/clusterctl/clusterctl/tests/sandbox"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// measurements are told in this order, each in a sandbox of its own.
var measurements = []struct {
	title   string
	measure func(context.Context, *stage.Stage) error
}{
	{"Rolling 4 workers under load, beside a loop of systemctl restart", rolloutBesideLoop},
	{"Rolling 200 workers, 20 at a time, beside one systemctl restart of all", manyBesideOneRestart},
	{"A look at 1,000 workers, beside systemctl list-units", statusBesideListing},
	{"The systemd generator, beside an empty Go program", generatorBesideEmpty},
	{"What a worker costs among 10, 100 and 1,000", scale},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "clusterctl-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs, err := stage.Build(ctx, dir)
	if err != nil {
		return err
	}
	var missed []error
	for _, m := range measurements {
		fmt.Printf("\n%s\n\n", m.title)
		if err := on(ctx, programs, m.measure); err != nil {
			missed = append(missed, fmt.Errorf("%s: %w", m.title, err))
		}
	}
	return errors.Join(missed...)
}

func on(ctx context.Context, programs stage.Programs, measure func(context.Context, *stage.Stage) error) (err error) {
	box, err := sandbox.Boot(ctx, sandbox.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	s, err := stage.Set(box, programs)
	if err != nil {
		return err
	}
	return measure(ctx, s)
}
