package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// enable tells systemd of the new units and enables the clusters with their
// workers. It starts nothing, and takes no worker away.
func (o *generateOptions) enable(ctx context.Context, clusters []*spec.Cluster) error {
	if err := o.systemctl(ctx, "daemon-reload"); err != nil {
		return err
	}
	for _, c := range clusters {
		args := []string{"enable"}
		if o.place.runtime {
			args = append(args, "--runtime")
		}
		args = append(args, units.ServiceName(c.Name))
		for i := range c.Workers.Count(runtime.NumCPU()) {
			args = append(args, units.WorkerName(c.Name, fmt.Sprint(i+1)))
		}
		if err := o.systemctl(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// disableGone takes the links to clusters away whose units are about to go: they
// say themselves which links there are.
func (o *generateOptions) disableGone(ctx context.Context, dir string, sets []generator.Set) error {
	for _, set := range sets {
		service := units.ServiceName(set.Cluster)
		if _, err := os.Lstat(filepath.Join(dir, service)); err != nil || len(set.Files) > 0 {
			continue
		}
		args := []string{"disable", service}
		workers, err := filepath.Glob(filepath.Join(dir, service+".wants", units.WorkerPattern(set.Cluster)))
		if err != nil {
			return err
		}
		for _, worker := range workers {
			args = append(args, filepath.Base(worker))
		}
		if err := o.systemctl(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func (g *global) systemctl(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "systemctl", append([]string{"--" + string(g.mode()), "--quiet"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("systemctl %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return nil
}
