package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type logsOptions struct {
	*global
	paged
	cluster   string
	instances []string // of the workers wanted; none is all of them
	follow    bool
	since     string
	lines     string
	output    string
	rollout   bool
}

func newLogsCommand(g *global) *cobra.Command {
	o := &logsOptions{global: g}
	cmd := &cobra.Command{
		Use:   "logs CLUSTER [@WORKER]... | CLUSTER@WORKER",
		Short: "Show what the workers of a cluster wrote to the journal",
		Long: `Show what the workers of a cluster wrote to the journal, and what systemd wrote
about them, in the order of time. On a terminal each worker has a colour of its
own (NO_COLOR=1 takes them away), and a long output goes through a pager.

With --rollout the lines are those of the newest rollout and of the workers while
it was under way. Ctrl-C ends -f, and that is no error.`,
		Example: `  clusterctl logs web -f
  clusterctl logs web @3 --since -10min
  clusterctl logs web@3 -n 50
  clusterctl logs web --rollout
  clusterctl logs web -o json | jq -r .MESSAGE`,
		Args: workersWanted,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster, o.instances = splitWorkers(args)
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.follow, "follow", "f", false, "wait for more, of new workers too")
	flags.StringVar(&o.since, "since", "", "show what is not older than `TIME`, such as -10min, yesterday or \"2026-01-31 18:00\" (systemd.time(7))")
	flags.StringVarP(&o.lines, "lines", "n", "", "show the newest `N` lines (by default 10 with -f, else all)")
	flags.StringVarP(&o.output, "output", "o", "short", `"short", or "json": the whole entries, as journalctl has them`)
	flags.BoolVar(&o.rollout, "rollout", false, "show the newest rollout alone, with the workers while it was under way")
	o.paged.flag(flags)
	cmd.MarkFlagsMutuallyExclusive("rollout", "since")
	return cmd
}

func (o *logsOptions) validate() error {
	if o.output != "short" && o.output != "json" {
		return usageError(fmt.Errorf(`--output %q: wanted "short" or "json"`, o.output), "clusterctl logs --help")
	}
	if _, err := strconv.ParseUint(o.lines, 10, 31); err != nil && o.lines != "" && o.lines != "all" {
		return usageError(fmt.Errorf(`--lines %q: wanted a number or "all"`, o.lines), "clusterctl logs --help")
	}
	return validateClusterName(o.cluster)
}

func (o *logsOptions) run(ctx context.Context) error {
	tail, err := o.tail(ctx)
	if err != nil {
		return err
	}
	if tail.follow {
		if err := o.mustExist(ctx, o.cluster); err != nil {
			return err
		}
	}
	out, done := o.page(o.out, tail.follow)
	defer done()
	printer := newLogPrinter(out, o.cluster, o.output == "json")
	seen := false
	err = tail.read(ctx, func(line []byte, e journal.Entry) error {
		seen = true
		err := printer.print(line, e)
		if err == nil && tail.follow {
			err = printer.out.Flush() // somebody waits for each
		}
		return err
	})
	err = errors.Join(err, printer.out.Flush())
	if err != nil || seen || tail.follow {
		return ended(err)
	}
	if err := o.mustExist(ctx, o.cluster); err != nil {
		return err
	}
	fmt.Fprintln(o.err, "-- no entries --")
	return nil
}

// tail is what is to be read.
func (o *logsOptions) tail(ctx context.Context) (journalTail, error) {
	since, err := journal.ParseTime(ctx, o.since)
	if err != nil {
		return journalTail{}, usageError(fmt.Errorf("--since: %w", err), "man systemd.time")
	}
	tail := journalTail{
		global: o.global, cluster: o.cluster, instances: o.instances, follow: o.follow,
		first:    journal.Query{Since: since, Lines: o.lines},
		caughtUp: func() error { return nil },
	}
	if o.output == "short" {
		tail.first.Fields = []string{}
	}
	if o.rollout {
		return o.boundByRollout(tail)
	}
	if o.follow && o.lines == "" && o.since == "" {
		tail.first.Lines = "10"
	}
	return tail, nil
}

// boundByRollout bounds the time to that of the newest rollout.
func (o *logsOptions) boundByRollout(tail journalTail) (journalTail, error) {
	history, err := o.history(o.cluster)
	if err != nil {
		return tail, err
	}
	run, found, err := history.Latest()
	if err != nil {
		return tail, err
	}
	if !found {
		return tail, &commandError{code: exitFailed, hint: "clusterctl rollout restart " + o.cluster, err: fmt.Errorf("cluster %q has had no rollout yet", o.cluster)}
	}
	tail.first.Since = run.Started
	tail.extra = []string{units.RolloutName(o.cluster)}
	if run.Phase.Over() {
		tail.first.Until = run.Ended.Add(lastWords)
		tail.follow = false
	}
	return tail, nil
}

// lastWords is how long after its end the engine of a rollout still says how it
// ended.
const lastWords = time.Second

// mustExist tells an empty journal from a name without a cluster.
func (g *global) mustExist(ctx context.Context, cluster string) error {
	_, err := g.glance(ctx, cluster)
	return err
}

// glance is a cluster that has to be there. Without systemd nothing is known of
// it, and the journal can be read all the same.
func (g *global) glance(ctx context.Context, cluster string) (units.Cluster, error) {
	systemd, err := bus.OpenReader(ctx, g.manager())
	if isAway(err) {
		return units.Cluster{}, nil
	}
	if err != nil {
		return units.Cluster{}, err
	}
	defer systemd.Close()
	seen, err := systemd.Glance(ctx, cluster)
	if err != nil || seen.Service.LoadState != units.NotFound {
		return seen, err
	}
	return seen, rollout.PrecheckExists(seen)
}
