package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/clusterctl/clusterctl/cmd/internal/apply"
	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// look is the cluster as it is, beside its file.
func (a *applier) look(ctx context.Context) (apply.Look, error) {
	seen := apply.Look{Cluster: a.cluster.Name, Lazy: a.cluster.Start == spec.Lazy, Unread: a.unread}
	plan, err := a.lookAtFiles(&seen)
	if err != nil {
		return seen, err
	}
	if err := a.lookAtUnits(ctx, &seen, plan); err != nil {
		return seen, err
	}
	migrates, err := os.ReadFile("/proc/sys/net/ipv4/tcp_migrate_req") // a kernel without it does not migrate
	seen.Resets = err != nil || strings.TrimSpace(string(migrates)) == "0"
	return seen, a.lookAtReleases(&seen)
}

// lookAtFiles holds the unit files and the links that enable them against what
// is wanted. Those of a generator are a reload's to make.
func (a *applier) lookAtFiles(seen *apply.Look) (generator.Plan, error) {
	plan, err := a.planFiles()
	if err != nil {
		return plan, err
	}
	if a.home.Place == generator.Generated {
		seen.Unread = seen.Unread || !plan.IsDone() || len(generator.Disabled(a.links, []string{a.home.Dir})) > 0
		return plan, nil
	}
	for _, change := range plan.Changes {
		if change.Did != generator.Unchanged {
			seen.Write = append(seen.Write, filepath.Join(plan.Dir, change.Name))
		}
	}
	dirs, err := a.linkDirs()
	if err != nil {
		return plan, err
	}
	seen.Enable = generator.Disabled(a.links, dirs)
	seen.Disable, err = generator.Stale(a.cluster.Name, a.links, plan, dirs)
	return plan, err
}

// planFiles says what it takes to make the directory of the units hold those of
// the cluster. One that does not exist holds none.
func (a *applier) planFiles() (generator.Plan, error) {
	if _, err := os.Stat(a.home.Dir); !errors.Is(err, fs.ErrNotExist) {
		return generator.NewPlan(a.home.Dir, []generator.Set{{Cluster: a.cluster.Name, Files: a.files}})
	}
	plan := generator.Plan{Dir: a.home.Dir}
	for _, file := range a.files {
		plan.Changes = append(plan.Changes, generator.Change{Name: file.Name, Did: generator.Wrote, New: file.Data})
	}
	return plan, nil
}

// linkDirs are where "systemctl enable" makes its links.
func (a *applier) linkDirs() ([]string, error) {
	var dirs []string
	for _, place := range []generator.Place{generator.Installed, generator.Runtime} {
		dir, err := generator.UnitDir(place, a.mode(), os.Getenv)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// lookAtReleases finds the workers that run from a release and have none, and the
// one that the others have.
func (a *applier) lookAtReleases(seen *apply.Look) error {
	if !a.cluster.HasReleases() {
		return nil
	}
	store, err := a.releases(a.cluster.Name)
	if err != nil {
		return err
	}
	for i, worker := range seen.Workers {
		current, err := store.Current(worker.Instance)
		if err != nil {
			return err
		}
		seen.Workers[i].Homeless = current == ""
	}
	history, err := a.history(a.cluster.Name)
	if err != nil {
		return err
	}
	runs, err := history.All()
	seen.Release = rollout.LastWhole(runs)
	return err
}
