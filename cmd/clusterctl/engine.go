package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/release"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type engineOptions struct {
	*global
	order
	by, request string
	abort       bool
}

// newEngineCommand is what the unit of a rollout runs. It is not for people:
// the verbs that begin a rollout start it.
func newEngineCommand(g *global) *cobra.Command {
	o := &engineOptions{global: g}
	cmd := &cobra.Command{
		Use:    "engine CLUSTER",
		Short:  "Carry out a rollout, as the unit clusterctl-rollout-CLUSTER.service",
		Hidden: true,
		Args:   exactly("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster = args[0]
			if err := validateClusterName(o.cluster); err != nil {
				return err
			}
			err := o.run(cmd.Context())
			if err != nil {
				notify(daemonStatus(err))
			}
			return err
		},
	}
	cmd.Flags().StringVar((*string)(&o.verb), "verb", string(rollout.Restart), "what to do to each worker")
	cmd.Flags().StringVar(&o.release, "release", "", "what each worker is switched to before")
	cmd.Flags().StringVar(&o.by, "by", caller(), "who asked for the rollout")
	cmd.Flags().BoolVar(&o.abort, "abort", false, "take a rollout back that was interrupted")
	cmd.Flags().StringVar(&o.request, "request", "", "what tells this rollout from others")
	return cmd
}

// run begins the rollout, or goes on with it if this engine was started again.
func (o *engineOptions) run(ctx context.Context) error {
	history, err := o.history(o.cluster)
	if err != nil {
		return err
	}
	systemd, err := o.connect(ctx, o.cluster)
	if err != nil {
		return err
	}
	defer systemd.Close()
	if err := o.mayBegin(ctx, history, systemd); err != nil {
		return err
	}
	unlock, err := history.Lock()
	if errors.Is(err, rollout.ErrLocked) {
		return o.busy(o.cluster)
	}
	if err != nil {
		return err
	}
	defer unlock()

	releases, err := o.releases(o.cluster)
	if err != nil {
		return err
	}
	progress := newProgress(o.out, "")
	engine := &rollout.Engine{
		Systemd:  reachable{systemd},
		Dialer:   dialer{o.global, o.cluster},
		Releases: releases,
		Health:   o.healthCheck(o.cluster),
		Queues:   acceptQueues{},
		Requests: listen(ctx),
	}
	engine.Report = func(entry rollout.Entry, run rollout.Run, _ rollout.Seen) {
		progress.report(entry, run)
		notify("STATUS=" + rollout.Describe(run))
	}
	run, err := o.begin(ctx, engine, history, systemd)
	if err != nil {
		return err
	}
	notify(daemon.SdNotifyReady)
	if !run.Phase.Over() {
		if run, err = engine.Roll(ctx, run); err != nil {
			return fmt.Errorf("rollout of %q to revision %d stopped: %w", o.cluster, run.Revision, err)
		}
	}
	o.prune(history, releases, run)
	return o.verdict(run)
}

// mayBegin looks at a cluster that has no history yet, before a directory is
// made for it: a name without a cluster leaves nothing behind.
func (o *engineOptions) mayBegin(ctx context.Context, history rollout.History, systemd *bus.Cluster) error {
	revisions, err := history.Revisions()
	if err != nil || len(revisions) > 0 {
		return err
	}
	_, _, err = o.newStart(ctx, systemd, o.order)
	return err
}

// prune removes the releases that nobody runs and nobody goes back to any more.
// The rollout is over: what can't be removed is told, and changes nothing.
func (o *engineOptions) prune(history rollout.History, releases release.Store, run rollout.Run) {
	if run.Phase != rollout.Complete || run.Release == "" {
		return
	}
	runs, err := history.All()
	if err == nil {
		_, err = releases.Prune(run.Policy.RevisionHistoryLimit, run.Release, rollout.BeforeLast(runs))
	}
	if err != nil {
		fmt.Fprintf(o.err, "clusterctl: %v\n", err)
	}
}

// begin is the run that this engine is for: a new one, or the one that an
// engine with the same request has left behind.
func (o *engineOptions) begin(ctx context.Context, engine *rollout.Engine, history rollout.History, systemd *bus.Cluster) (rollout.Run, error) {
	latest, found, err := history.Latest()
	if err != nil {
		return rollout.Run{}, err
	}
	if found && o.request != "" && latest.Request == o.request {
		if latest.Phase.Over() && latest.Phase != rollout.Interrupted {
			return latest, nil
		}
		journal, entries, err := history.Reopen(latest.Revision)
		if err != nil {
			return rollout.Run{}, err
		}
		engine.Journal = journal
		run, err := engine.Resume(entries)
		if err != nil || !o.abort {
			return run, err
		}
		return engine.Ask(run, rollout.Abort)
	}
	start, _, err := o.newStart(ctx, systemd, o.order)
	if err != nil {
		return rollout.Run{}, err
	}
	journal, revision, err := history.Next()
	if err != nil {
		return rollout.Run{}, err
	}
	engine.Journal = journal
	start.Revision, start.By, start.Request = revision, o.by, o.request
	return engine.Begin(start)
}

// daemonStatus is an error as STATUS=, which has one line.
func daemonStatus(err error) string {
	text := []rune("STATUS=" + err.Error())
	for i, r := range text {
		if r == '\n' {
			text[i] = ' '
		}
	}
	return string(text)
}

// notify tells systemd; an engine that was started by hand has nobody to tell.
func notify(state string) { _, _ = daemon.SdNotify(false, state) }
