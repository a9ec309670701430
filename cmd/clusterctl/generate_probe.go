package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/rollout"
)

const (
	probeTimeout  = 5 * time.Second        // of one question
	probeInterval = 200 * time.Millisecond // between two: a start waits for it
)

type probeOptions struct {
	*global
	cluster  string
	instance string
}

// newProbeCommand is what the ExecStartPost= of a worker runs whose cluster has
// Ready=: it ends when the worker is ready. systemd ends it when that takes
// longer than TimeoutStartSec=.
func newProbeCommand(g *global) *cobra.Command {
	o := &probeOptions{global: g}
	cmd := &cobra.Command{
		Use:    "probe --cluster NAME --instance NAME CHECK",
		Short:  "Wait until a worker is ready that can't say so itself",
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || o.cluster == "" || o.instance == "" {
				return usageError(errors.New("wanted --cluster, --instance and a check as Ready= takes it"), "clusterctl generate --help")
			}
			check, err := spec.ParseHealth(args[0])
			if err != nil {
				return usageError(err, "clusterctl generate --help")
			}
			return o.wait(cmd.Context(), o.healthCheck(o.cluster), check)
		},
	}
	cmd.Flags().StringVar(&o.cluster, "cluster", "", "the cluster")
	cmd.Flags().StringVar(&o.instance, "instance", "", "the instance name of the worker, %i")
	return cmd
}

// wait asks until the check holds. When it is told to end before, the error is
// what the worker answered last.
func (o *probeOptions) wait(ctx context.Context, health rollout.HealthCheck, check spec.Health) error {
	unit := units.WorkerName(o.cluster, o.instance)
	for {
		asked, cancel := context.WithTimeout(ctx, probeTimeout)
		err := health.Check(asked, check, units.Worker{Instance: o.instance})
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%q is not ready: %w", unit, err)
		case <-time.After(probeInterval):
		}
	}
}
