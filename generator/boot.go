package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	found = slices.DeleteFunc(found, func(f Found) bool { return f.Masked || b.isNative(f.Name) })
	outputs := make([]output, len(found))
	onEachCPU(len(found), func(i int) { outputs[i] = b.generate(found[i]) })
	refuseTaken(outputs)
	onEachCPU(len(found), func(i int) {
		if outputs[i].err == nil {
			outputs[i].err = b.write(outputs[i])
		}
	})
	faults := []error{err}
	for _, o := range outputs {
		faults = append(faults, o.err)
	}
	return errors.Join(faults...)
}

// output is what becomes of one .cluster file.
type output struct {
	path  string
	files []File
	links []Link
	err   error
}

// onEachCPU calls do for 0 to n-1, several at once: boot waits for a generator.
func onEachCPU(n int, do func(int)) {
	var next atomic.Int64
	var work sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		work.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	work.Wait()
}

// refuseTaken finds units that two clusters want: "web" with a listener "shop",
// and "web-shop". The first has it.
func refuseTaken(outputs []output) {
	taken := make(map[string]string)
	for i, o := range outputs {
		for _, file := range o.files {
			if by, ok := taken[file.Name]; ok && o.err == nil {
				outputs[i].err = fmt.Errorf("%s: unit %q is that of %s: choose another name for the cluster or the listener", o.path, file.Name, by)
			}
		}
		if outputs[i].err != nil {
			continue
		}
		for _, file := range o.files {
			taken[file.Name] = o.path
		}
	}
}

func (b Boot) isNative(cluster string) bool {
	for _, dir := range b.Native {
		if _, err := os.Lstat(filepath.Join(dir, cluster+".service")); err == nil {
			return true
		}
	}
	return false
}

func (b Boot) generate(f Found) output {
	c, err := f.Load()
	if err != nil {
		return output{path: f.Path, err: err}
	}
	options := b.Options
	options.Search = b.Path
	files, err := Generate(c, options)
	return output{path: f.Path, files: files, links: Links(c, b.Options, c.Workers.Count(b.CPUs)), err: err}
}

func (b Boot) write(o output) error {
	for _, file := range o.files {
		if err := os.WriteFile(filepath.Join(b.Dir, file.Name), file.Data, 0o644); err != nil {
			return err
		}
	}
	for _, link := range o.links {
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

// Faults are the lines of an error of Run, one for each fault.
func Faults(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}
