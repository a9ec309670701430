package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/health"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// history is where the rollouts of a cluster are recorded.
func (g *global) history(cluster string) (rollout.History, error) {
	if !g.user {
		return rollout.History{Dir: filepath.Join("/var/lib/clusterctl", cluster, "rollouts")}, nil
	}
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return rollout.History{}, err
		}
		state = filepath.Join(home, ".local", "state")
	}
	return rollout.History{Dir: filepath.Join(state, "clusterctl", cluster, "rollouts")}, nil
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

// policy reads the rollout policy from the cluster's unit and its drop-ins.
func policy(cluster units.Cluster) (spec.Policy, error) {
	var sources []spec.Source
	for _, path := range cluster.PolicyFiles {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone since systemd read it; Precheck asks for the reload
		}
		if err != nil {
			return spec.Policy{}, err
		}
		sources = append(sources, spec.Source{Path: path, Data: data})
	}
	return spec.ParsePolicy(sources...)
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
