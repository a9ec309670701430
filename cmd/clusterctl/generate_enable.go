package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"

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

func (o *generateOptions) systemctl(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "systemctl", append([]string{"--" + string(o.mode()), "--quiet"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("systemctl %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return nil
}
