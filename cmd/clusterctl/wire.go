package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/health"
	"github.com/clusterctl/clusterctl/units/release"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// stateRoot has a directory for each cluster.
func (g *global) stateRoot() (string, error) {
	if !g.user {
		return "/var/lib/clusterctl", nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "state", "clusterctl"), nil
}

// stateDir is where a cluster's rollouts and releases are.
func (g *global) stateDir(cluster string) (string, error) {
	root, err := g.stateRoot()
	return filepath.Join(root, cluster), err
}

// collector reads what status and its like show.
func (g *global) collector(systemd overview.Systemd) (overview.Collector, error) {
	root, err := g.stateRoot()
	return overview.Collector{Systemd: systemd, StateDir: root, RuntimeDir: g.runtimeDir()}, err
}

func (g *global) admin(cluster string) admin.Client {
	return admin.Client{Dir: filepath.Join(g.runtimeDir(), cluster)}
}

// history is where the rollouts of a cluster are recorded.
func (g *global) history(cluster string) (rollout.History, error) {
	dir, err := g.stateDir(cluster)
	return rollout.History{Dir: filepath.Join(dir, "rollouts")}, err
}

func (g *global) releases(cluster string) (release.Store, error) {
	dir, err := g.stateDir(cluster)
	return release.Store{Dir: dir}, err
}

// runtimeDir is where the admin sockets stand: %t of systemd.unit(5).
func (g *global) runtimeDir() string {
	if g.user {
		return os.Getenv("XDG_RUNTIME_DIR")
	}
	return "/run"
}

func (g *global) healthCheck(cluster string) rollout.HealthCheck {
	return health.Checker{AdminDir: filepath.Join(g.runtimeDir(), cluster)}
}

// connect reaches the manager and begins to follow the cluster.
func (g *global) connect(ctx context.Context, cluster string) (*bus.Cluster, error) {
	conn, err := bus.Connect(ctx, g.manager())
	if err != nil {
		return nil, err
	}
	return conn.Cluster(cluster), nil
}

// policySources are the files that hold the rollout policy of the cluster: its
// unit and the drop-ins.
func policySources(cluster units.Cluster) ([]spec.Source, error) {
	var sources []spec.Source
	for _, path := range cluster.PolicyFiles {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone since systemd read it; Precheck asks for the reload
		}
		if err != nil {
			return nil, err
		}
		sources = append(sources, spec.Source{Path: path, Data: data})
	}
	return sources, nil
}

// caller is who asked: the login behind sudo if there is one.
func caller() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if current, err := user.Current(); err == nil {
		return current.Username
	}
	return strconv.Itoa(os.Getuid())
}
