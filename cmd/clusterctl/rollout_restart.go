package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type rolloverOptions struct {
	*global
	launchFlags
	order
	dryRun bool
}

func newRolloutRestartCommand(g *global) *cobra.Command {
	return newRolloverCommand(g, rollout.Restart, &cobra.Command{
		Use:   "restart CLUSTER",
		Short: "Restart every worker, batch by batch, without losing a request",
		Long: `Restart every worker of the cluster, batch by batch: at most MaxUnavailable=
workers at a time, and the next batch as soon as each worker of the last one is
started anew (job done, READY=1), healthy (Health=) and has been so for
MinReadySec=. The policy stands in the [X-Cluster] section of the cluster's
service; "systemctl edit CLUSTER.service" changes it.

A worker that does not come back stops the rollout: the others go on serving.

The rollout is a unit of its own, clusterctl-rollout-CLUSTER.service: Ctrl-C and
a lost terminal end the watching only, and a rollout that is killed goes on from
its journal.`,
		Example: `  clusterctl rollout restart web
  clusterctl rollout restart web --dry-run
  clusterctl rollout restart web --detach
  clusterctl rollout restart web -o json`,
	})
}

func newRolloutReloadCommand(g *global) *cobra.Command {
	return newRolloverCommand(g, rollout.Reload, &cobra.Command{
		Use:   "reload CLUSTER",
		Short: "Have every worker read its configuration anew, batch by batch",
		Long: `Reload every worker of the cluster (systemctl reload, so ExecReload= or
Type=notify-reload), batch by batch and behind the same gates as a restart: the
job, READY=1, the health check, and that the worker is still the same start.`,
		Example: `  clusterctl rollout reload web`,
	})
}

// newRolloverCommand completes a command that does the same to every worker.
func newRolloverCommand(g *global, verb rollout.Verb, cmd *cobra.Command) *cobra.Command {
	o := &rolloverOptions{global: g, order: order{verb: verb}}
	cmd.Args = exactly("CLUSTER")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.cluster = args[0]
		if err := o.launchFlags.validate(cmd.CommandPath()); err != nil {
			return err
		}
		if err := validateClusterName(o.cluster); err != nil {
			return err
		}
		return o.run(cmd.Context())
	}
	o.add(cmd.Flags())
	o.addDryRun(cmd.Flags())
	return cmd
}

func (o *rolloverOptions) addDryRun(flags *pflag.FlagSet) {
	flags.BoolVar(&o.dryRun, "dry-run", false, "print the batches and the jobs, and do nothing")
}

func validateClusterName(name string) error {
	if err := spec.ValidateName(name); err != nil {
		return usageError(err, `the cluster of "web.service" and "web@.service" is called "web"`)
	}
	return nil
}

func (o *rolloverOptions) run(ctx context.Context) error {
	systemd, err := o.connect(ctx, o.cluster)
	if err != nil {
		return err
	}
	defer systemd.Close()
	if !o.dryRun {
		return o.launch(ctx, systemd, launch{launchFlags: o.launchFlags, order: o.order})
	}
	start, seen, err := o.newStart(ctx, systemd, o.order)
	if err != nil {
		return err
	}
	o.printPlan(start, seen)
	return nil
}

func (o *rolloverOptions) printPlan(start rollout.Start, seen rollout.Seen) {
	batches := rollout.Plan(rollout.NewRun(start), seen)
	for i, batch := range batches {
		fmt.Fprintf(o.out, "batch %d of %d:\n", i+1, len(batches))
		for _, action := range batch {
			fmt.Fprintf(o.out, "  %s\n", job(o.cluster, action))
		}
	}
}
