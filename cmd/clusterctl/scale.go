package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/release"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type scaleOptions struct {
	operation
	to string
}

func newScaleCommand(g *global) *cobra.Command {
	o := &scaleOptions{operation: operation{global: g, verb: "scale"}}
	return &cobra.Command{
		Use:   "scale CLUSTER N | +N | -N | auto",
		Short: "Change how many workers a cluster has",
		Long: `Change how many workers a cluster has: N, so many more (+2) or fewer (-- -2), one a
CPU (auto) or a share of the CPUs (50%).

New workers are enabled and started on the release that the others run; those with
the highest numbers drain, stop and are disabled. The others are not touched. Of a
cluster that is stopped only the number changes.

The number is kept: by the links of "systemctl enable", and for a cluster with a
.cluster file in a drop-in of it, CLUSTER.cluster.d/50-scale.conf, which "apply" and
the systemd generator read too.`,
		Example: `  clusterctl scale web 8
  clusterctl scale web +2
  clusterctl scale web -- -2
  clusterctl scale web auto`,
		Args: exactly("CLUSTER", "N"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster, o.to = args[0], args[1]
			if err := validateClusterName(o.cluster); err != nil {
				return err
			}
			if _, err := parseScale(o.to, spec.MostWorkers/2); err != nil {
				return usageError(err, "clusterctl scale --help")
			}
			return o.run(cmd.Context())
		},
	}
}

func (o *scaleOptions) run(ctx context.Context) error {
	s, err := o.begin(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	if s.Rollout.UnderWay() {
		return o.busy(o.cluster)
	}
	now := numbered(s.Workers)
	workers, err := parseScale(o.to, now)
	if err != nil {
		return usageError(err, "clusterctl status %s", o.cluster)
	}
	wanted := workers.Count(runtime.NumCPU())
	plan := planScale(s.Workers, wanted, !rollout.IsStopped(s.seen.Cluster))
	target, err := o.releaseOf(s, plan)
	if err != nil {
		return err
	}
	if err := o.keep(ctx, s, workers, plan); err != nil {
		return err
	}
	if plan.isEmpty() {
		fmt.Fprintf(o.out, "cluster %q has %s already\n", o.cluster, plural(wanted, "worker"))
		return nil
	}
	if err := o.carryOut(ctx, s, plan, target); err != nil {
		return err
	}
	fmt.Fprintf(o.out, "cluster %q has %s, and had %d\n", o.cluster, plural(wanted, "worker"), now)
	o.told().Scaled(fmt.Sprintf("from %d to %s", now, plural(wanted, "worker")))
	return nil
}

// releaseOf is the release for new workers: that of the last rollout that went
// through, "" for a cluster without releases.
func (o *scaleOptions) releaseOf(s *scene, plan scalePlan) (string, error) {
	sources, err := policySources(s.seen.Cluster)
	if err != nil || len(plan.enable)+len(plan.start) == 0 || !spec.HasReleases(sources...) {
		return "", err
	}
	history, err := o.history(o.cluster)
	if err != nil {
		return "", err
	}
	runs, err := history.All()
	if err != nil {
		return "", err
	}
	if last := rollout.LastWhole(runs); last != "" {
		return last, nil
	}
	if s.Release != "" {
		return s.Release, nil
	}
	return "", &commandError{
		code: exitRefused, hint: fmt.Sprintf("clusterctl deploy %s DIRECTORY", o.cluster),
		err: fmt.Errorf("cluster %q has no release that a new worker could run", o.cluster),
	}
}

// keep writes the number down, where the next boot, daemon-reload and apply find
// it, before anything is started or stopped.
func (o *scaleOptions) keep(ctx context.Context, s *scene, workers spec.Workers, plan scalePlan) error {
	source, err := s.conn.SourcePath(ctx, units.ServiceName(o.cluster))
	if err != nil {
		return err
	}
	if _, err := os.Stat(source); err == nil {
		_, err := generator.Scale(generator.SearchPath(o.mode(), os.Getenv), o.cluster, workers)
		if errors.Is(err, fs.ErrPermission) {
			return err
		}
		if err != nil {
			return &commandError{code: exitRefused, hint: "clusterctl generate " + source + " --check", err: err}
		}
	}
	lasting := bus.ForGood
	switch file := s.seen.PolicyFiles[0]; {
	case strings.Contains(file, "/systemd/generator"): // which makes the links itself
		if len(plan.enable)+len(plan.disable) > 0 {
			return s.conn.ReloadUnits(ctx)
		}
		return nil
	case strings.HasPrefix(file, o.runtimeDir()+"/systemd"):
		lasting = bus.TillBoot
	}
	if len(plan.enable) > 0 {
		if err := s.conn.Enable(ctx, lasting, unitNames(o.cluster, plan.enable)...); err != nil {
			return err
		}
	}
	if len(plan.disable) > 0 {
		if err := s.conn.Disable(ctx, lasting, unitNames(o.cluster, plan.disable)...); err != nil {
			return err
		}
	}
	if len(plan.enable)+len(plan.disable) == 0 {
		return nil
	}
	return s.conn.ReloadUnits(ctx)
}

// carryOut starts and stops. What fails is told when all have had their turn.
func (o *scaleOptions) carryOut(ctx context.Context, s *scene, plan scalePlan, target string) error {
	store, err := o.releases(o.cluster)
	if err != nil {
		return err
	}
	for _, instance := range slices.Concat(plan.enable, plan.start) {
		isNew := slices.Contains(plan.enable, instance) || s.seen.Releases[instance] == ""
		if target == "" || !isNew {
			continue
		}
		if err := store.Switch(instance, target); err != nil {
			return err
		}
	}
	errs := make([]error, len(plan.start)+len(plan.stop))
	var jobs sync.WaitGroup
	for i, instance := range plan.start {
		jobs.Go(func() { errs[i] = o.do(ctx, units.WorkerName(o.cluster, instance), s.conn.Start, "started") })
	}
	for i, instance := range plan.stop {
		jobs.Go(func() {
			errs[len(plan.start)+i] = o.do(ctx, units.WorkerName(o.cluster, instance), s.conn.Stop, "stopped")
		})
	}
	jobs.Wait()
	return errors.Join(append(errs, forget(store, plan.stop))...)
}

// forget takes the links of workers away that are gone: whoever brings them back
// gives them the release of that day.
func forget(store release.Store, instances []string) error {
	var errs []error
	for _, instance := range instances {
		errs = append(errs, store.Forget(instance))
	}
	return errors.Join(errs...)
}
