package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type rolloutRestartOptions struct {
	*global
	launchFlags
	cluster string
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

The rollout is a unit of its own, clusterctl-rollout-CLUSTER.service: Ctrl-C and
a lost terminal end the watching only, and a rollout that is killed goes on from
its journal.`,
		Example: `  clusterctl rollout restart web
  clusterctl rollout restart web --dry-run
  clusterctl rollout restart web --detach
  clusterctl rollout restart web -o json`,
		Args: exactly("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster = args[0]
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.add(cmd.Flags())
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print the batches and the jobs, and do nothing")
	return cmd
}

func (o *rolloutRestartOptions) validate(cmd *cobra.Command) error {
	if err := o.launchFlags.validate(cmd.CommandPath()); err != nil {
		return err
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
	if !o.dryRun {
		return o.launch(ctx, systemd, launch{launchFlags: o.launchFlags, cluster: o.cluster})
	}
	start, cluster, err := precheck(ctx, systemd)
	if err != nil {
		return err
	}
	o.printPlan(start, cluster)
	return nil
}

func (o *rolloutRestartOptions) printPlan(start rollout.Start, cluster units.Cluster) {
	batches := rollout.Plan(rollout.NewRun(start), rollout.Seen{Cluster: cluster})
	for i, batch := range batches {
		fmt.Fprintf(o.out, "batch %d of %d:\n", i+1, len(batches))
		for _, action := range batch {
			fmt.Fprintf(o.out, "  %s\n", job(o.cluster, action))
		}
	}
}
