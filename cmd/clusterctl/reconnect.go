package main

import (
	"context"
	"fmt"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// reachable is a cluster for an engine: it tells an engine when systemd, or the
// bus to it, is away, so that the engine dials again and judges no worker by it.
type reachable struct{ *bus.Cluster }

func (r reachable) List(ctx context.Context) (units.Cluster, error) {
	seen, err := r.Cluster.List(ctx)
	return seen, orUnreachable(err)
}

func (r reachable) Restart(ctx context.Context, unit string) (units.JobResult, error) {
	result, err := r.Cluster.Restart(ctx, unit)
	return result, orUnreachable(err)
}

func (r reachable) Reload(ctx context.Context, unit string) (units.JobResult, error) {
	result, err := r.Cluster.Reload(ctx, unit)
	return result, orUnreachable(err)
}

func (r reachable) Stop(ctx context.Context, unit string) (units.JobResult, error) {
	result, err := r.Cluster.Stop(ctx, unit)
	return result, orUnreachable(err)
}

func orUnreachable(err error) error {
	if isAway(err) {
		return fmt.Errorf("%w: %w", rollout.ErrUnreachable, err)
	}
	return err
}

// dialer reaches systemd for an engine, again and again. The connections end
// with the process: an engine's jobs may still wait on one that is away.
type dialer struct {
	*global
	cluster string
}

func (d dialer) Dial(ctx context.Context) (rollout.Systemd, error) {
	cluster, err := d.connect(ctx, d.cluster)
	if err != nil {
		return nil, err
	}
	return reachable{cluster}, nil
}
