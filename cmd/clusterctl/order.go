package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// order is what somebody wants to be done to a cluster.
type order struct {
	cluster string
	verb    rollout.Verb
	release string // what each worker is switched to; "" leaves each on its own
	isNew   bool   // the release is still to be added to the store
}

// newStart looks before anything is done, and returns the input of the rollout
// that carries the order out.
func (g *global) newStart(ctx context.Context, systemd *bus.Cluster, o order) (rollout.Start, rollout.Seen, error) {
	cluster, err := systemd.List(ctx)
	if err != nil {
		return rollout.Start{}, rollout.Seen{}, err
	}
	start := rollout.Start{Cluster: o.cluster, Verb: o.verb, Release: o.release, By: caller()}
	seen := rollout.Seen{Cluster: cluster, Releases: make(map[string]string)}
	if o.release != "" && rollout.IsStopped(cluster) {
		start.Verb = rollout.Switch
	}
	if err := rollout.Precheck(cluster, start.Verb); err != nil {
		return start, seen, err
	}
	sources, err := policySources(cluster)
	if err != nil {
		return start, seen, err
	}
	if start.Policy, err = spec.ParsePolicy(sources...); err != nil {
		return start, seen, usageError(err, "systemctl edit %s", cluster.Service.Name)
	}
	if start.Verb == rollout.Switch {
		// Nobody is served, so there is nothing to be careful with.
		start.Policy.MaxUnavailable, start.Policy.Canary = spec.Percent(100), spec.Number(0)
	}
	history, err := g.history(o.cluster)
	if err != nil {
		return start, seen, err
	}
	runs, err := history.All()
	if err != nil {
		return start, seen, err
	}
	start.Workers = usualWorkers(cluster, runs)
	start.Previous = rollout.LastWhole(runs)
	if err := g.addRelease(o, &start, &seen, spec.HasReleases(sources...)); err != nil {
		return start, seen, err
	}
	if start.Verb == rollout.Restart {
		start.Surge = surge(start.Workers, start.Policy.Surge(len(start.Workers)))
	}
	return start, seen, nil
}

// addRelease completes what a rollout to a release needs, if it is one.
func (g *global) addRelease(o order, start *rollout.Start, seen *rollout.Seen, hasReleases bool) error {
	if start.Release == "" {
		return nil
	}
	if !hasReleases {
		return noReleases(start.Cluster)
	}
	store, err := g.releases(start.Cluster)
	if err != nil {
		return err
	}
	if _, err := store.Get(start.Release); errors.Is(err, fs.ErrNotExist) && !o.isNew {
		return &rollout.Refusal{
			Message: fmt.Sprintf("cluster %q has no release %q", start.Cluster, start.Release),
			Hint:    "clusterctl releases " + start.Cluster,
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, instance := range start.Workers {
		if seen.Releases[instance], err = store.Current(instance); err != nil {
			return err
		}
	}
	return nil
}

// mayDeploy looks at the cluster before a release is added to its store, so
// that a name without a cluster leaves nothing behind.
func mayDeploy(ctx context.Context, systemd *bus.Cluster, name string) error {
	cluster, err := systemd.List(ctx)
	if err != nil {
		return err
	}
	if err := rollout.Precheck(cluster, rollout.Switch); err != nil {
		return err
	}
	sources, err := policySources(cluster)
	if err != nil {
		return err
	}
	if !spec.HasReleases(sources...) {
		return noReleases(name)
	}
	return nil
}

func noReleases(cluster string) error {
	return &rollout.Refusal{
		Message: fmt.Sprintf("cluster %q has no releases: its ExecStart= is an absolute path, so a rollout can only restart it", cluster),
		Hint:    "write a relative one in the .cluster file, such as ExecStart=bin/server, and generate the units anew",
	}
}

// usualWorkers are the instances without those that the last rollout had
// started beyond the usual number and could not stop any more.
func usualWorkers(cluster units.Cluster, runs []rollout.Run) []string {
	var left []string
	if len(runs) > 0 {
		left = runs[len(runs)-1].Surge
	}
	var instances []string
	for _, w := range cluster.Workers {
		if w.Enabled || !slices.Contains(left, w.Instance) {
			instances = append(instances, w.Instance)
		}
	}
	return instances
}

// surge is the instances beyond the workers: the numbers after the highest.
func surge(workers []string, n int) []string {
	highest := 0
	for _, instance := range workers {
		if number, err := strconv.Atoi(instance); err == nil {
			highest = max(highest, number)
		}
	}
	var more []string
	for i := range n {
		more = append(more, strconv.Itoa(highest+1+i))
	}
	return more
}
