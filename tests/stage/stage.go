// Package stage puts clusterctl and a cluster of sample workers on a sandbox,
// for the end-to-end tests, the demo and the benchmark. What it does, a user
// does by hand: write a .cluster file, generate, enable, start.
package stage

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/sandbox"
)

// Where things stand inside the sandbox.
const (
	Clusterctl = "/usr/bin/clusterctl"
	GoWorker   = "/opt/workers/go-worker"
	UnitDir    = "/etc/systemd/system"
	Address    = "127.0.0.1:8080"
)

// Programs are the built programs, on the host.
type Programs struct{ Clusterctl, GoWorker string }

// Build builds the programs into a directory. They are static, so that they
// run on every distribution that a sandbox may be.
func Build(ctx context.Context, dir string) (Programs, error) {
	built := Programs{Clusterctl: filepath.Join(dir, "clusterctl"), GoWorker: filepath.Join(dir, "go-worker")}
	for path, pkg := range map[string]string{built.Clusterctl: "./cmd/clusterctl", built.GoWorker: "./tests/worker/go"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, pkg)
		build.Dir = Root()
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return Programs{}, fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	return built, nil
}

// Root is the root of the repository that this package was built from.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Stage is a sandbox with the programs in it.
type Stage struct {
	*sandbox.Sandbox
	Version string // of its systemd, as the sandbox was asked for it
}

// Set copies the programs into the sandbox.
func Set(s *sandbox.Sandbox, programs Programs) (*Stage, error) {
	for from, to := range map[string]string{programs.Clusterctl: Clusterctl, programs.GoWorker: GoWorker} {
		if err := s.CopyFile(from, to, 0o755); err != nil {
			return nil, err
		}
	}
	return &Stage{Sandbox: s}, nil
}

// Cluster is a cluster on the stage.
type Cluster struct {
	*Stage
	Name    string
	Workers int
}

// Install writes NAME.cluster, generates its units and enables so many workers.
func (s *Stage) Install(ctx context.Context, name, spec string, workers int) (*Cluster, error) {
	path := "/etc/clusterctl/" + name + ".cluster"
	if err := s.WriteFile(path, []byte(spec), fs.FileMode(0o644)); err != nil {
		return nil, err
	}
	c := &Cluster{Stage: s, Name: name, Workers: workers}
	enable := []string{"systemctl", "enable", name + ".service"}
	for i := range workers {
		enable = append(enable, fmt.Sprintf("%s@%d.service", name, i+1))
	}
	for _, command := range [][]string{
		{Clusterctl, "generate", path, "--output", UnitDir},
		{"systemctl", "daemon-reload"},
		enable,
	} {
		if _, err := s.Run(ctx, command[0], command[1:]...); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Start starts the cluster and waits until all workers are ready.
func (c *Cluster) Start(ctx context.Context) error {
	if _, err := c.Run(ctx, "systemctl", "start", c.Name+".service"); err != nil {
		return err
	}
	_, err := c.Run(ctx, "systemctl", append([]string{"start"}, c.WorkerNames()...)...)
	return err
}

// WorkerNames are the units of the workers.
func (c *Cluster) WorkerNames() []string {
	names := make([]string, c.Workers)
	for i := range names {
		names[i] = fmt.Sprintf("%s@%d.service", c.Name, i+1)
	}
	return names
}

// Load drives load at the cluster from outside of it.
func (c *Cluster) Load(ctx context.Context, mode load.Mode, rate int) (*load.Run, error) {
	return load.Start(ctx, load.Config{
		Dial: c.Dial, Network: "tcp", Address: Address, Path: "/", Mode: mode, Rate: rate,
	})
}

// Properties reads properties of a unit with systemctl show.
func (s *Stage) Properties(ctx context.Context, unit string, names ...string) (map[string]string, error) {
	all, err := s.PropertiesOf(ctx, []string{unit}, names...)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// PropertiesOf reads properties of several units at once, in their order.
func (s *Stage) PropertiesOf(ctx context.Context, units []string, names ...string) ([]map[string]string, error) {
	out, err := s.Run(ctx, "systemctl", append([]string{"show", "--property=" + strings.Join(names, ",")}, units...)...)
	if err != nil {
		return nil, err
	}
	var all []map[string]string
	for block := range strings.SplitSeq(strings.TrimSpace(out), "\n\n") {
		properties := make(map[string]string, len(names))
		for line := range strings.Lines(block) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				properties[name] = value
			}
		}
		all = append(all, properties)
	}
	if len(all) != len(units) {
		return nil, fmt.Errorf("systemctl show: wanted %d units, got %d", len(units), len(all))
	}
	return all, nil
}
