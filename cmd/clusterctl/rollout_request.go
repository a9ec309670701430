package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type rolloutRequestOptions struct {
	*global
	cluster string
	verb    rollout.RequestVerb
}

func newRolloutRequestCommands(g *global) []*cobra.Command {
	return []*cobra.Command{
		newRolloutRequestCommand(g, rollout.Pause, "Begin nothing new until \"rollout resume\"",
			`Hold the rollout: the workers that are under way are seen through, and no other
is touched until "clusterctl rollout resume". A worker that fails all the same
takes the rollout back.`),
		newRolloutRequestCommand(g, rollout.Resume, "Let a rollout go on that is held or was interrupted",
			`Let a rollout go on that is held, by "rollout pause" or as a canary, or that was
interrupted, by a reboot or by "systemctl stop" of its unit: then it goes on from
its journal.`),
		newRolloutRequestCommand(g, rollout.Abort, "End the rollout, and take it back to the release before",
			`End the rollout: with AutoRollback=yes the workers that hold the new release go
back to the one that each had before; else all stay as they are.`),
	}
}

func newRolloutRequestCommand(g *global, verb rollout.RequestVerb, short, long string) *cobra.Command {
	return &cobra.Command{
		Use:     string(verb) + " CLUSTER",
		Short:   short,
		Long:    long,
		Example: "  clusterctl rollout " + string(verb) + " web",
		Args:    exactly("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := &rolloutRequestOptions{global: g, cluster: args[0], verb: verb}
			if err := validateClusterName(o.cluster); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
}

func (o *rolloutRequestOptions) run(ctx context.Context) error {
	systemd, err := o.connect(ctx, o.cluster)
	if err != nil {
		return err
	}
	defer systemd.Close()
	engine := systemd.Service(units.RolloutName(o.cluster))
	service, err := engine.Read(ctx)
	if err != nil {
		return err
	}
	history, err := o.history(o.cluster)
	if err != nil {
		return err
	}
	// After the look at the unit: what an engine that is up has begun is there.
	latest, found, err := history.Latest()
	if err != nil {
		return err
	}
	interrupted := found && (!latest.Phase.Over() || latest.Phase == rollout.Interrupted)
	switch {
	case service.ActiveState == units.Active && found && !latest.Phase.Over():
		return o.ask(ctx, systemd.Conn, engine, latest)
	case interrupted && o.verb != rollout.Pause:
		return o.takeUp(ctx, systemd, latest)
	}
	return &commandError{
		code: exitRefused,
		hint: "clusterctl rollout history " + o.cluster,
		err:  fmt.Errorf("cluster %q: there is no rollout to %s", o.cluster, o.verb),
	}
}

// ask sends the request and waits until the engine has written it down.
func (o *rolloutRequestOptions) ask(ctx context.Context, conn *bus.Conn, engine *bus.Service, latest rollout.Run) error {
	history, err := o.history(o.cluster)
	if err != nil {
		return err
	}
	tail, err := history.Tail(latest.Revision)
	if err != nil {
		return err
	}
	defer tail.Close()
	if _, err := tail.Each(func(rollout.Entry, rollout.Run) {}); err != nil {
		return err
	}
	if err := conn.Signal(ctx, units.RolloutName(o.cluster), requestSignals[o.verb]); err != nil {
		return err
	}
	heard := false
	for {
		service, err := engine.Read(ctx)
		if err != nil {
			return err
		}
		run, err := tail.Each(func(entry rollout.Entry, _ rollout.Run) {
			heard = heard || entry.Kind == rollout.KindRequest && entry.Request == o.verb
		})
		switch {
		case err != nil:
			return err
		case heard && (o.verb != rollout.Abort || run.Phase.Over()):
			fmt.Fprintln(o.out, rollout.Describe(run))
			return nil
		case run.Phase.Over() || service.ActiveState.Down():
			return &commandError{code: exitRefused, err: errors.New("it was over before it heard: " + rollout.Describe(run))}
		}
		select {
		case <-engine.Changes():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// takeUp starts an engine for a rollout that has lost its own.
func (o *rolloutRequestOptions) takeUp(ctx context.Context, systemd *bus.Cluster, latest rollout.Run) error {
	if latest.Request == "" {
		return fmt.Errorf("cluster %q: revision %d has no id to go on with", o.cluster, latest.Revision)
	}
	return o.launch(ctx, systemd, launch{
		order:   order{cluster: o.cluster, verb: latest.Verb, release: latest.Release},
		request: latest.Request,
		abort:   o.verb == rollout.Abort,
	})
}
