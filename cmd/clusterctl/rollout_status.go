package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type rolloutStatusOptions struct {
	*global
	cluster string
	output  string
	watch   bool
	timeout time.Duration
}

func newRolloutStatusCommand(g *global) *cobra.Command {
	o := &rolloutStatusOptions{global: g}
	cmd := &cobra.Command{
		Use:   "status CLUSTER",
		Short: "Say where the rollout of a cluster stands",
		Long: `Say in one sentence where the newest rollout of the cluster stands, and wait for
its end if it is under way. Ctrl-C stops the watching and not the rollout.`,
		Example: `  clusterctl rollout status web
  clusterctl rollout status web --watch=false`,
		Args: exactly("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster = args[0]
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", true, "wait until the rollout has ended")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 0, "end the watching after this time, such as 30s; 0 means never")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", `"json" prints the whole rollout`)
	return cmd
}

func (o *rolloutStatusOptions) validate() error {
	if o.output != "" && o.output != "json" {
		return usageError(fmt.Errorf("--output %q: wanted \"json\"", o.output), "clusterctl rollout status --help")
	}
	if o.timeout < 0 {
		return usageError(fmt.Errorf("--timeout %s: wanted 0 or more", o.timeout), "clusterctl rollout status --help")
	}
	return validateClusterName(o.cluster)
}

func (o *rolloutStatusOptions) run(ctx context.Context) error {
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	history, err := o.history(o.cluster)
	if err != nil {
		return err
	}
	run, found, err := history.Latest()
	if err != nil {
		return err
	}
	if !found {
		return o.neverRolled(ctx)
	}
	if run.Phase.Over() {
		return o.print(run)
	}
	conn, err := bus.Connect(ctx, o.manager())
	if err != nil {
		return err
	}
	defer conn.Close()
	if o.watch {
		// The first look at the journal says what has been done already.
		return o.global.watch(ctx, conn, watched{cluster: o.cluster, revision: run.Revision, output: o.output})
	}
	engine, err := conn.Service(units.RolloutName(o.cluster)).Read(ctx)
	if err != nil {
		return err
	}
	if engine.ActiveState.Down() {
		// It may have ended between the two looks.
		if run, err = history.Read(run.Revision); err != nil {
			return err
		}
		if !run.Phase.Over() {
			run.Phase, run.Message = rollout.Interrupted, "its engine has gone"
		}
	}
	return o.print(run)
}

// neverRolled tells a cluster without a rollout from a name without a cluster.
func (o *rolloutStatusOptions) neverRolled(ctx context.Context) error {
	systemd, err := o.connect(ctx, o.cluster)
	if err != nil {
		return err
	}
	defer systemd.Close()
	cluster, err := systemd.List(ctx)
	if err != nil {
		return err
	}
	if err := rollout.Precheck(cluster, rollout.Restart); err != nil {
		return err
	}
	return &commandError{
		code: exitFailed,
		hint: "clusterctl rollout restart " + o.cluster,
		err:  fmt.Errorf("cluster %q has had no rollout yet", o.cluster),
	}
}

// print says where the rollout stands; the exit code says it again.
func (o *rolloutStatusOptions) print(run rollout.Run) error {
	verdict := o.verdict(run)
	var standing *commandError
	errors.As(verdict, &standing)
	switch {
	case o.output == "json":
		if err := json.NewEncoder(o.out).Encode(run); err != nil {
			return fmt.Errorf("print the rollout: %w", err)
		}
	case verdict == nil || standing.code == exitStillGoing || standing.code == exitHeld:
		fmt.Fprintln(o.out, rollout.Describe(run))
	default:
		return verdict
	}
	if verdict == nil {
		return nil
	}
	return &silentExit{standing.code}
}
