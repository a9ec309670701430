package main

import (
	"context"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// follow prints the clusters, and then each change until the context ends. The
// first fault ends it for all.
func (o *statusOptions) follow(ctx context.Context) error {
	names, err := o.followed(ctx)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return o.print([]overview.Cluster{})
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	report := &changeReport{output: o.output, out: o.out}
	faults := make(chan error, len(names))
	for _, name := range names {
		go func() { faults <- o.followCluster(ctx, name, report.print) }()
	}
	var first error
	for range names {
		if err := <-faults; err != nil && first == nil {
			first = err
			stop()
		}
	}
	return first
}

func (o *statusOptions) followed(ctx context.Context) ([]string, error) {
	if len(o.clusters) > 0 {
		return o.clusters, nil
	}
	systemd, err := bus.OpenReader(ctx, o.manager())
	if err != nil {
		return nil, err
	}
	defer systemd.Close()
	return systemd.Clusters(ctx)
}

// follower sees what changes in one cluster. What it has read of a worker it
// keeps until a signal says that the worker has changed.
type follower struct {
	*global
	name    string
	conn    *bus.Conn
	cluster *bus.Cluster
	engine  *bus.Service
	seen    overview.Seen
	shown   overview.Cluster
}

// followCluster hands over the cluster as it is, and then each change.
func (g *global) followCluster(ctx context.Context, name string, changed func(overview.Change) error) error {
	f := &follower{global: g, name: name}
	conn, err := bus.Connect(ctx, g.manager())
	if err != nil {
		return err
	}
	f.begin(conn)
	defer func() { f.conn.Close() }()
	for {
		change, err := f.look(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case isAway(err):
			change = overview.Change{} // the next signal, or the loss, brings another look
		case err != nil:
			return err
		}
		if !change.IsEmpty() {
			if err := changed(change); err != nil {
				return err
			}
		}
		select {
		case <-f.cluster.Changes():
		case <-f.engine.Changes():
		case <-ctx.Done():
			return nil
		case <-f.conn.Lost():
			if err := f.reconnect(ctx); err != nil {
				return nil // the context has ended
			}
		}
	}
}

func (f *follower) begin(conn *bus.Conn) {
	f.conn, f.cluster, f.engine = conn, conn.Cluster(f.name), conn.Service(units.RolloutName(f.name))
}

func (f *follower) reconnect(ctx context.Context) error {
	conn, err := f.global.reconnect(ctx)
	if err != nil {
		return err
	}
	f.conn.Close()
	f.begin(conn)
	return nil
}

// look reads what the signals have marked, and asks the workers that changed.
func (f *follower) look(ctx context.Context) (overview.Change, error) {
	cluster, err := f.cluster.List(ctx)
	if err != nil {
		return overview.Change{}, err
	}
	if err := rollout.PrecheckExists(cluster); err != nil {
		return overview.Change{}, err
	}
	collector, err := f.collector(f.conn)
	if err != nil {
		return overview.Change{}, err
	}
	seen, err := collector.Complete(ctx, cluster, f.moved(cluster.Workers))
	if err != nil {
		return overview.Change{}, err
	}
	seen.Keep(f.seen)
	shown := overview.Of(seen)
	change := overview.Compare(f.shown, shown)
	f.seen, f.shown = seen, shown
	return change, nil
}

// moved are the workers that are not as they were at the last look.
func (f *follower) moved(workers []units.Worker) []units.Worker {
	known := make(map[string]units.Worker, len(f.seen.Workers))
	for _, worker := range f.seen.Workers {
		known[worker.Instance] = worker
	}
	var moved []units.Worker
	for _, worker := range workers {
		old, ok := known[worker.Instance]
		old.ActiveFor = worker.ActiveFor // it never stands still
		if !ok || old != worker {
			moved = append(moved, worker)
		}
	}
	return moved
}
