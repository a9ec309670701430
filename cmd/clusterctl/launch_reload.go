package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// byReload says that a rollout can also be begun as the reload of the cluster's
// service, whose ExecReload= is a rolling restart. polkit can allow that for one
// cluster; a transient unit it can allow only for any command at all.
func (l launch) byReload() bool {
	return l.verb == rollout.Restart && l.release == "" && l.request == ""
}

// launchByReload has systemd begin the rollout, and watches it.
func (g *global) launchByReload(ctx context.Context, systemd *bus.Cluster, l launch) error {
	history, err := g.history(l.cluster)
	if err != nil {
		return err
	}
	before, _, err := history.Latest()
	if err != nil {
		return err
	}
	engine := systemd.Service(units.RolloutName(l.cluster))
	rolling, err := g.isRolling(ctx, engine, l.cluster)
	if err != nil {
		return err
	}
	if rolling {
		return g.busy(l.cluster)
	}
	reloaded := make(chan error, 1)
	go func() {
		result, err := systemd.Reload(ctx, units.ServiceName(l.cluster))
		if err == nil && result != units.JobDone {
			err = fmt.Errorf("the reload of %q ended with the result %q", units.ServiceName(l.cluster), result)
		}
		reloaded <- err
	}()
	for over := false; ; {
		latest, found, err := history.Latest()
		switch {
		case err != nil:
			return err
		case found && latest.Revision > before.Revision:
			return g.seeThrough(ctx, systemd, l, latest)
		case over:
			return errors.New("the reload is over, and no rollout was recorded")
		}
		select {
		case err := <-reloaded:
			if err != nil {
				return err
			}
			over = true
		case <-engine.Changes():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
