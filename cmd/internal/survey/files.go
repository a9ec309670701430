package survey

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/clusterctl/clusterctl/cmd/internal/doctor"
	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
)

// files reads the drop-ins.
func (s Surveyor) files(c *doctor.Cluster, unseen *blind) {
	paths := slices.Clone(c.Setup.DropInPaths)
	for _, socket := range c.SocketSetups {
		paths = append(paths, socket.DropInPaths...)
	}
	for _, w := range c.Workers {
		paths = append(paths, c.WorkerSetups[w.Instance].DropInPaths...)
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone since systemd read it, which asks for a reload
		}
		unseen.note("the drop-in "+path, err)
		c.Files[path] = string(text)
	}
}

func (s Surveyor) policy(c *doctor.Cluster) {
	var sources []spec.Source
	for _, path := range c.PolicyFiles {
		text, read := c.Files[path]
		if !read {
			data, err := os.ReadFile(path)
			if err != nil {
				continue
			}
			text = string(data)
		}
		sources = append(sources, spec.Source{Path: path, Data: []byte(text)})
	}
	c.Policy, c.PolicyErr = spec.ParsePolicy(sources...)
	c.HasReleases = spec.HasReleases(sources...)
}

// spec holds the units against their .cluster file.
func (s Surveyor) spec(ctx context.Context, c *doctor.Cluster, unseen *blind) {
	if c.Setup.FragmentPath == "" {
		return
	}
	text, err := os.ReadFile(c.Setup.FragmentPath)
	if err != nil {
		unseen.note("what the units were made of", err)
		return
	}
	_, source, ours := generator.Origin(text)
	switch {
	case !ours:
		unseen.note("whether the units are as generated", errors.New(c.Setup.FragmentPath+" was not written by clusterctl"))
		return
	case source == "":
		unseen.note("whether the units are as generated", errors.New("they were made from a command line"))
		return
	}
	dir := filepath.Dir(c.Setup.FragmentPath)
	cluster, err := s.load(source)
	if errors.Is(err, fs.ErrPermission) {
		unseen.note(source, err)
		return
	}
	c.Spec.Path, c.Spec.Err = source, err
	if err != nil {
		return
	}
	c.Spec.Workers, c.Spec.AtBoot = cluster.Workers.Count(runtime.NumCPU()), cluster.Start == spec.AtBoot
	running, err := s.Systemd.Version(ctx)
	if err != nil {
		running = spec.OldestSystemd
	}
	c.Spec.Drift, c.Spec.Err = s.drift(dir, cluster, running)
}

func (s Surveyor) load(source string) (*spec.Cluster, error) {
	found, err := generator.FindFile(source, s.Search)
	if err != nil {
		return nil, err
	}
	return found.Load()
}

// drift are the units in a directory that are not as they would be written now:
// for the running systemd, or for the oldest one, as a package has them.
func (s Surveyor) drift(dir string, cluster *spec.Cluster, running int) ([]string, error) {
	now, err := s.plan(dir, cluster, running)
	if err != nil || now.IsDone() {
		return nil, err
	}
	if packaged, err := s.plan(dir, cluster, spec.OldestSystemd); err == nil && packaged.IsDone() {
		return nil, nil
	}
	var differ []string
	for _, change := range now.Changes {
		if change.Did != generator.Unchanged {
			differ = append(differ, change.Name)
		}
	}
	return differ, nil
}

// plan is what it would take to write the units for a version of systemd.
func (s Surveyor) plan(dir string, cluster *spec.Cluster, version int) (generator.Plan, error) {
	files, err := generator.Generate(cluster, generator.Options{Mode: s.Mode, Systemd: version, Search: s.Search})
	if err != nil {
		return generator.Plan{}, err
	}
	return generator.NewPlan(dir, []generator.Set{{Cluster: cluster.Name, Files: files}})
}
