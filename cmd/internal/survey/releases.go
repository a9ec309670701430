package survey

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/clusterctl/clusterctl/cmd/internal/doctor"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/release"
	"github.com/clusterctl/clusterctl/units/rollout"
)

func (s Surveyor) rollout(ctx context.Context, c *doctor.Cluster, unseen *blind) {
	engine, err := s.Systemd.ReadService(ctx, units.RolloutName(c.Name))
	unseen.note("whether a rollout is under way", err)
	c.UnderWay = err == nil && !engine.ActiveState.Down()
	history := rollout.History{Dir: filepath.Join(s.dir(c.Name), "rollouts")}
	runs, err := history.All() // after the engine: what one that is gone wrote last is there
	unseen.note("the recorded rollouts", err)
	if len(runs) > 0 {
		c.Run, c.Needed = &runs[len(runs)-1], rollout.Needed(runs)
	}
}

// releases reads the store. Only releases that a worker runs from are held
// against their digest, which reads all of their files.
func (s Surveyor) releases(c *doctor.Cluster, unseen *blind) {
	store := release.Store{Dir: s.dir(c.Name)}
	var stat unix.Statfs_t
	dir := filepath.Join(store.Dir, "releases")
	if err := unix.Statfs(dir, &stat); err == nil {
		c.Dir, c.Free = dir, stat.Bavail*uint64(stat.Bsize)
	}
	workers, err := store.Workers()
	unseen.note("the releases of the workers", err)
	c.Links = make(map[string]string)
	for name, instances := range workers {
		for _, instance := range instances {
			c.Links[instance] = name
		}
	}
	c.Releases, err = store.List()
	unseen.note("the releases", err)
	if err != nil {
		c.HasReleases = false // nothing can be said of them
	}
	inUse := make(map[string]bool) // a worker that has gone may have left its link
	for _, w := range c.Workers {
		inUse[c.Links[w.Instance]] = true
	}
	c.Changed, c.Sources = make(map[string]error), make(map[string]bool)
	for _, r := range c.Releases {
		if _, err := os.Stat(r.Source); err == nil && filepath.IsAbs(r.Source) {
			c.Sources[r.Name] = true
		}
		if !inUse[r.Name] {
			continue
		}
		err := store.Verify(r.Name)
		if errors.Is(err, fs.ErrPermission) {
			unseen.note("the files of release "+r.Name, err)
			continue
		}
		c.Changed[r.Name] = err
	}
}
