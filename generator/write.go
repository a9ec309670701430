package generator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// The files by which a write that was cut off is found: all texts stand beside
// their places, then the intent says that they are complete, then they are moved.
// systemd passes over hidden files.
const (
	intentFile = ".clusterctl-intent"
	newPrefix  = ".clusterctl-new-"
)

// intent is the work that is left once all new texts are on disk.
type intent struct {
	Write  []string `json:"write"`
	Remove []string `json:"remove"`
}

// Write makes a directory hold the clusters, and returns what it did. Only what
// changes is written. All of it is on disk before the first unit is replaced: a
// run that is killed leaves the units as they were, or work that the next run of
// Write finishes before it does anything else. A second run at the same time
// waits, some milliseconds. With a fault nothing is written.
func Write(dir string, sets []Set) (Plan, error) {
	if err := checkDir(dir); err != nil {
		return Plan{Dir: dir}, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return Plan{Dir: dir}, err
	}
	defer lock.Close()
	if err := recoverDir(lock); err != nil {
		return Plan{Dir: dir}, err
	}
	plan, err := NewPlan(dir, sets)
	if err != nil || plan.IsDone() {
		return plan, err
	}
	for _, step := range plan.steps(lock) {
		if err := step(); err != nil {
			return plan, fmt.Errorf("write units to %q: %w", dir, err)
		}
	}
	return plan, nil
}

// lockDir takes the lock of a directory, which the returned file holds until it
// is closed or the process ends (flock(2)).
func lockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		switch {
		case err == nil:
			return f, nil
		case !errors.Is(err, unix.EINTR):
			return nil, errors.Join(fmt.Errorf("lock %q: %w", dir, err), f.Close())
		}
	}
}

// steps are the work of a plan. After each of them a run may end for good: before
// the intent is there nothing has happened, and from then on recoverDir finishes.
func (p Plan) steps(dir *os.File) []func() error {
	var all []func() error
	var todo intent
	for _, c := range p.Changes {
		switch c.Did {
		case Wrote:
			todo.Write = append(todo.Write, c.Name)
			all = append(all, func() error { return writeSynced(filepath.Join(p.Dir, newPrefix+c.Name), c.New) })
		case Removed:
			todo.Remove = append(todo.Remove, c.Name)
		case Unchanged:
		}
	}
	return append(append(all, func() error { return writeIntent(dir, todo) }), todo.steps(dir)...)
}

func (i intent) steps(dir *os.File) []func() error {
	in := func(name string) string { return filepath.Join(dir.Name(), name) }
	var all []func() error
	for _, name := range i.Write {
		all = append(all, func() error { return ifThere(os.Rename(in(newPrefix+name), in(name))) })
	}
	for _, name := range i.Remove {
		all = append(all, func() error { return ifThere(os.Remove(in(name))) })
	}
	return append(all, dir.Sync, func() error { return os.Remove(in(intentFile)) }, dir.Sync)
}

// ifThere passes over what an earlier run has already moved.
func ifThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeSynced makes a file that is not there: recoverDir has taken leftovers away,
// and whoever else may write to the directory must not make root follow a link.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()) // Chmod: whatever the umask is
}

func writeIntent(dir *os.File, todo intent) error {
	data, err := json.Marshal(todo)
	if err != nil {
		return err
	}
	if err := dir.Sync(); err != nil {
		return err
	}
	if err := renameio.WriteFile(filepath.Join(dir.Name(), intentFile), data, 0o644); err != nil {
		return err
	}
	return dir.Sync()
}

// recoverDir finishes what an earlier run had decided on, and takes away what it
// had not.
func recoverDir(dir *os.File) error {
	data, err := os.ReadFile(filepath.Join(dir.Name(), intentFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		var todo intent
		if err := json.Unmarshal(data, &todo); err != nil {
			return fmt.Errorf("%q: %w", filepath.Join(dir.Name(), intentFile), err)
		}
		for _, step := range todo.steps(dir) {
			if err := step(); err != nil {
				return err
			}
		}
	}
	leftovers, err := os.ReadDir(dir.Name())
	if err != nil {
		return err
	}
	for _, entry := range leftovers {
		if strings.HasPrefix(entry.Name(), newPrefix) || strings.HasPrefix(entry.Name(), "."+intentFile) { // renameio puts a dot before
			if err := os.Remove(filepath.Join(dir.Name(), entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
