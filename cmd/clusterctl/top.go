package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/cmd/internal/table"
	"github.com/clusterctl/clusterctl/cmd/internal/top"
	"github.com/clusterctl/clusterctl/units/bus"
)

// leastInterval is the shortest time between two looks: each costs everybody a
// question.
const leastInterval = 100 * time.Millisecond

type topOptions struct {
	*global
	clusters []string
	interval time.Duration
}

func newTopCommand(g *global) *cobra.Command {
	o := &topOptions{global: g}
	cmd := &cobra.Command{
		Use:   "top [CLUSTER]",
		Short: "Watch the clusters, or one of them, live on the terminal",
		Long: `Watch all clusters, or one of them, on the terminal: what each worker does in a
second, how evenly the work is spread (skew: the busiest worker against the
average), the accept queues, and how far a rollout is.

Keys drain, restart and show the logs of the worker under the cursor, and pause and
continue a rollout; each asks first. Of a cluster of more than 100 workers those
that are not as they should be, and the first ones, are asked for their numbers.`,
		Example: `  clusterctl top
  clusterctl top web --interval 5s`,
		Args: atMost("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.clusters = args
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().DurationVar(&o.interval, "interval", 2*time.Second, "the time between two looks")
	return cmd
}

func (o *topOptions) validate() error {
	if o.interval < leastInterval {
		return usageError(fmt.Errorf("--interval %s: wanted %s or more", o.interval, leastInterval), "clusterctl top --help")
	}
	for _, cluster := range o.clusters {
		if err := validateClusterName(cluster); err != nil {
			return err
		}
	}
	if !isTerminal(o.out) || !isTerminal(o.in) {
		return usageError(errors.New("top wants a terminal"), "clusterctl status")
	}
	return nil
}

func (o *topOptions) run(ctx context.Context) error {
	if first := o.look(ctx); first.Err != nil { // said where errors are read
		return first.Err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the path of this program: %w", err)
	}
	// Ctrl-C in the logs ends the logs alone.
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return top.Program{
		Model: top.Model{Interval: o.interval, Colour: table.OutputOf(o.out).Colour},
		Look:  o.look,
		Command: func(ctx context.Context, args ...string) *exec.Cmd {
			return exec.CommandContext(ctx, self, append([]string{"--" + string(o.manager())}, args...)...)
		},
	}.Run(ctx)
}

// look has a connection of its own: one that is kept would have to be mended.
func (o *topOptions) look(ctx context.Context) top.Looked {
	systemd, err := bus.OpenReader(ctx, o.manager())
	if err != nil {
		return top.Looked{Err: err}
	}
	defer systemd.Close()
	names := o.clusters
	if len(names) == 0 {
		if names, err = systemd.Clusters(ctx); err != nil {
			return top.Looked{Err: err}
		}
	}
	looked := top.Looked{Snapshot: top.Snapshot{At: time.Now()}}
	for _, name := range names {
		cluster, err := o.global.look(ctx, systemd, name, overview.Some)
		if err != nil {
			return top.Looked{Err: err}
		}
		looked.Clusters = append(looked.Clusters, cluster)
	}
	return looked
}
