package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Current is the release that a worker's link points at, "" if it has none.
func (s Store) Current(instance string) (string, error) {
	target, err := os.Readlink(s.link(instance))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("release of worker %q: %w", instance, err)
	}
	return filepath.Base(target), nil
}

// Switch points a worker's link at a release, whole or not at all. The worker
// runs it from its next start on. A release that is not there is an error that
// is fs.ErrNotExist, and changes nothing.
func (s Store) Switch(instance, release string) error {
	if err := validateInstance(instance); err != nil {
		return err
	}
	if err := ValidateName(release); err != nil {
		return fmt.Errorf("worker %q: %w", instance, err)
	}
	unlock, err := s.lock() // a release must not be pruned just now
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(s.path(release)); err != nil {
		return fmt.Errorf("worker %q: release %q: %w", instance, release, err)
	}
	if err := s.replaceLink(instance, release); err != nil {
		return fmt.Errorf("worker %q: switch to release %q: %w", instance, release, err)
	}
	return nil
}

// replaceLink makes the new link under a name that is always the same, so that
// a process that was killed leaves at most one. Whoever calls it holds the lock.
func (s Store) replaceLink(instance, release string) error {
	workers := filepath.Dir(s.link(instance))
	if err := os.MkdirAll(workers, 0o755); err != nil {
		return err
	}
	next := filepath.Join(workers, temporaryPrefix+"next")
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(filepath.Join("..", "releases", release), next); err != nil {
		return err
	}
	if err := os.Rename(next, s.link(instance)); err != nil {
		return err
	}
	return syncDir(workers)
}

// Forget takes away the link of a worker that is gone.
func (s Store) Forget(instance string) error {
	if err := validateInstance(instance); err != nil {
		return err
	}
	if err := os.Remove(s.link(instance)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("worker %q: %w", instance, err)
	}
	return nil
}

// Workers are the instances that have a link, by the release that it points at.
func (s Store) Workers() (map[string][]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.Dir, "workers"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("releases: %w", err)
	}
	workers := make(map[string][]string)
	for _, entry := range entries {
		if entry.Type() != fs.ModeSymlink || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		release, err := s.Current(entry.Name())
		if err != nil {
			return nil, err
		}
		if release != "" { // else it was forgotten since the directory was read
			workers[release] = append(workers[release], entry.Name())
		}
	}
	return workers, nil
}

// validateInstance keeps links within the directory of links.
func validateInstance(instance string) error {
	if instance == "" || strings.HasPrefix(instance, ".") || strings.Contains(instance, "/") {
		return fmt.Errorf(`worker %q: wanted an instance name without "/" and without "." first`, instance)
	}
	return nil
}

func (s Store) link(instance string) string { return filepath.Join(s.Dir, "workers", instance) }

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
