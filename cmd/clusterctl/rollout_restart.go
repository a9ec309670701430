package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type rolloutRestartOptions struct {
	*global
	cluster string
	output  string
	dryRun  bool
}

func newRolloutRestartCommand(g *global) *cobra.Command {
	o := &rolloutRestartOptions{global: g}
	cmd := &cobra.Command{
		Use:   "restart CLUSTER",
		Short: "Restart every worker, batch by batch, without losing a request",
		Long: `Restart every worker of the cluster, batch by batch: at most MaxUnavailable=
workers at a time, and the next batch as soon as each worker of the last one is
started anew (job done, READY=1), healthy (Health=) and has been so for
MinReadySec=. The policy stands in the [X-Cluster] section of the cluster's
service; "systemctl edit CLUSTER.service" changes it.

A worker that does not come back stops the rollout: the others go on serving.
With Ctrl-C nothing new is begun and nothing is stopped.`,
		Example: `  clusterctl rollout restart web
  clusterctl rollout restart web --dry-run
  clusterctl rollout restart web -o json`,
		Args: exactly("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster = args[0]
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "", `"json" prints an event a line`)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print the batches and the jobs, and do nothing")
	return cmd
}

func (o *rolloutRestartOptions) validate() error {
	if o.output != "" && o.output != "json" {
		return usageError(fmt.Errorf("--output %q: wanted \"json\"", o.output), "clusterctl rollout restart --help")
	}
	return validateClusterName(o.cluster)
}

func validateClusterName(name string) error {
	if err := spec.ValidateName(name); err != nil {
		return usageError(err, `the cluster of "web.service" and "web@.service" is called "web"`)
	}
	return nil
}

func (o *rolloutRestartOptions) run(ctx context.Context) error {
	systemd, err := o.connect(ctx, o.cluster)
	if err != nil {
		return err
	}
	defer systemd.Close()

	cluster, err := systemd.List(ctx)
	if err != nil {
		return err
	}
	if err := rollout.Precheck(cluster); err != nil {
		return err
	}
	policy, err := policy(cluster)
	if err != nil {
		return usageError(err, "systemctl edit %s", cluster.Service.Name)
	}
	start := rollout.Start{Cluster: o.cluster, By: caller(), Policy: policy, Workers: instances(cluster)}
	if o.dryRun {
		o.printPlan(start, cluster)
		return nil
	}
	return o.roll(ctx, systemd, start)
}

func (o *rolloutRestartOptions) roll(ctx context.Context, systemd *bus.Cluster, start rollout.Start) error {
	history, err := o.history(o.cluster)
	if err != nil {
		return err
	}
	unlock, err := history.Lock()
	if err != nil {
		return o.locked(history, err)
	}
	defer unlock()

	journal, revision, err := history.Next()
	if err != nil {
		return err
	}
	defer journal.Close()
	start.Revision = revision

	progress := newProgress(o.out, o.output)
	defer progress.close()
	engine := &rollout.Engine{
		Systemd: systemd,
		Health:  o.healthCheck(o.cluster),
		Journal: journal,
		Report:  progress.report,
	}
	run, err := engine.Begin(start)
	if err != nil {
		return err
	}
	progress.begin(run)
	run, err = engine.Roll(ctx, run)
	if err != nil {
		return fmt.Errorf("rollout of %q to revision %d stopped: %w", o.cluster, revision, err)
	}
	progress.close()
	return o.outcome(run)
}

// locked says who is at work, and since when, if the history is locked.
func (o *rolloutRestartOptions) locked(history rollout.History, err error) error {
	if !errors.Is(err, rollout.ErrLocked) {
		return err
	}
	if other, found, _ := history.Latest(); found {
		err = fmt.Errorf("%w: revision %d, by %s, since %s (%s)", err, other.Revision, other.By,
			other.Started.Local().Format(time.DateTime), rollout.Describe(other))
	}
	return &commandError{
		code: exitRefused,
		hint: "clusterctl rollout status " + o.cluster + "   # watches it",
		err:  fmt.Errorf("cluster %q: %w", o.cluster, err),
	}
}

// outcome is the error that says how the rollout ended, nil if it is complete.
func (o *rolloutRestartOptions) outcome(run rollout.Run) error {
	switch run.Phase {
	case rollout.Complete:
		return nil
	case rollout.Interrupted:
		return &commandError{
			code: exitFailed,
			hint: "clusterctl rollout restart " + o.cluster + "   # begins anew; nothing was stopped",
			err:  errors.New(rollout.Describe(run)),
		}
	}
	hint := "clusterctl rollout status " + o.cluster
	if run.Worker != "" {
		unit := units.WorkerName(o.cluster, run.Worker)
		o.printLastLines(unit)
		hint = fmt.Sprintf("journalctl %s %s -n 50", o.journalSelector(), unit)
	}
	return &commandError{code: exitFailed, hint: hint, err: errors.New(rollout.Describe(run))}
}

func (o *rolloutRestartOptions) printPlan(start rollout.Start, cluster units.Cluster) {
	batches := rollout.Batches(rollout.NewRun(start), rollout.Seen{Cluster: cluster})
	for i, batch := range batches {
		fmt.Fprintf(o.out, "batch %d of %d:\n", i+1, len(batches))
		for _, instance := range batch {
			fmt.Fprintf(o.out, "  restart %s\n", units.WorkerName(o.cluster, instance))
		}
	}
}

func instances(cluster units.Cluster) []string {
	names := make([]string, len(cluster.Workers))
	for i, w := range cluster.Workers {
		names[i] = w.Instance
	}
	return names
}
