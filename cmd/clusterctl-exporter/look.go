package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/metrics"
	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/release"
)

// looker reads all clusters of a manager.
type looker struct {
	manager              bus.Manager
	stateDir, runtimeDir string
	log                  *slog.Logger
	// turn holds whoever looks: many scrapes at once cost the host no more than
	// one.
	turn chan struct{}
}

func newLooker(user bool, log *slog.Logger) (looker, error) {
	if !user {
		return looker{bus.System, "/var/lib/clusterctl", "/run", log, make(chan struct{}, 1)}, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return looker{}, err
	}
	return looker{bus.User, filepath.Join(home, ".local", "state", "clusterctl"), os.Getenv("XDG_RUNTIME_DIR"), log, make(chan struct{}, 1)}, nil
}

// look reads everything once. Each look has a connection of its own: one that
// was kept could be that of a message bus which is no more. It fails only if
// systemd can't be asked at all.
func (l looker) look(ctx context.Context) ([]metrics.Cluster, error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the scrape before this one: %w", ctx.Err())
	}
	systemd, err := bus.OpenReader(ctx, l.manager)
	if err != nil {
		return nil, err
	}
	defer systemd.Close()
	names, err := systemd.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	clusters := make([]metrics.Cluster, len(names))
	for i, name := range names {
		began := time.Now()
		clusters[i] = l.lookAt(ctx, systemd, name)
		clusters[i].Took = time.Since(began)
	}
	l.ask(ctx, clusters)
	return clusters, nil
}

// lookAt reads one cluster but for what its workers tell themselves.
func (l looker) lookAt(ctx context.Context, systemd *bus.Reader, name string) metrics.Cluster {
	cluster := metrics.Cluster{Name: name, Errors: make(map[metrics.Source]int)}
	live, err := systemd.Look(ctx, name)
	if err != nil {
		l.failed(&cluster, metrics.Units, err)
		return cluster
	}
	seen, err := overview.Collector{Systemd: systemd, StateDir: l.stateDir, RuntimeDir: l.runtimeDir}.Complete(ctx, live, nil)
	kept, listErr := release.Store{Dir: filepath.Join(l.stateDir, name)}.List()
	if err := errors.Join(err, listErr); err != nil {
		l.failed(&cluster, metrics.State, err)
		seen, cluster.Partial = overview.Seen{Cluster: live}, true
	}
	cluster.Seen, cluster.Kept = &seen, len(kept)
	if seen.Vitals, err = l.vitals(ctx, systemd, live.Workers); err != nil {
		l.failed(&cluster, metrics.Units, err)
	}
	return cluster
}

func (l looker) vitals(ctx context.Context, systemd *bus.Reader, workers []units.Worker) (map[string]units.Vitals, error) {
	names := make([]string, len(workers))
	for i, worker := range workers {
		names[i] = worker.Name
	}
	byUnit, err := systemd.Vitals(ctx, names)
	if err != nil {
		return nil, err
	}
	vitals := make(map[string]units.Vitals, len(workers))
	for _, worker := range workers {
		vitals[worker.Instance] = byUnit[worker.Name]
	}
	return vitals, nil
}

func (l looker) failed(cluster *metrics.Cluster, source metrics.Source, err error) {
	cluster.Errors[source]++
	l.log.Warn("not all of a cluster could be read", "cluster", cluster.Name, "source", source, "reason", err)
}
