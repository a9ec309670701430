package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// Boot is the work of a generator (systemd.generator(7)), which systemd runs at
// boot and at each daemon-reload.
type Boot struct {
	Dir  string   // for the units, empty and gone with the next daemon-reload
	Path []string // of the .cluster files
	// Native are the directories of unit files. A cluster whose units stand in
	// one of them has been generated already, and is left as it is, enabled or
	// not.
	Native  []string
	CPUs    int
	Options Options
}

// NativeDirs are the directories of units that are not made by generators.
func NativeDirs(mode Mode, getenv func(string) string) []string {
	dirs := []string{"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"}
	for i, dir := range dirs {
		dirs[i] = filepath.Join(dir, string(mode))
	}
	for _, place := range []Place{Installed, Runtime} {
		if own, err := UnitDir(place, mode, getenv); mode == User && err == nil {
			dirs = append(dirs, own)
		}
	}
	return dirs
}

// Run writes the units of every cluster, and the links that enable them. A
// cluster that has a fault has no units, and all others have theirs.
func (b Boot) Run() error {
	found, err := Find(b.Path)
	faults := []error{err}
	for _, f := range found {
		if !f.Masked && !b.isNative(f.Name) {
			faults = append(faults, b.cluster(f))
		}
	}
	return errors.Join(faults...)
}

func (b Boot) isNative(cluster string) bool {
	for _, dir := range b.Native {
		if _, err := os.Lstat(filepath.Join(dir, cluster+".service")); err == nil {
			return true
		}
	}
	return false
}

func (b Boot) cluster(f Found) error {
	c, err := f.Load()
	if err != nil {
		return err
	}
	files, err := Generate(c, b.Options)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := b.write(c, file); err != nil {
			return err
		}
	}
	for _, link := range b.links(c) {
		name := filepath.Join(b.Dir, link.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(link.Target, name); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// write makes a unit. Two clusters may want one name: "web" with a listener
// "shop", and "web-shop".
func (b Boot) write(c *spec.Cluster, file File) error {
	f, err := os.OpenFile(filepath.Join(b.Dir, file.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: unit %q is another cluster's already: choose another name for the cluster or the listener", c.Path, file.Name)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(file.Data)
	return errors.Join(err, f.Close())
}

// links are as many workers as the file says, unless an administrator has enabled
// workers: then those are all.
func (b Boot) links(c *spec.Cluster) []Link {
	workers := c.Workers.Count(b.CPUs)
	for _, dir := range b.Native {
		enabled, _ := filepath.Glob(filepath.Join(dir, c.Name+".service.wants", c.Name+"@*.service")) // the pattern is a good one
		if len(enabled) > 0 {
			workers = 0
		}
	}
	return Links(c, b.Options, workers)
}

// Faults are the lines of an error of Run, one for each fault.
func Faults(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}
