package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
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
// runs it from its next start on.
func (s Store) Switch(instance, release string) error {
	if _, err := os.Stat(s.path(release)); err != nil {
		return fmt.Errorf("worker %q: release %q: %w", instance, release, err)
	}
	if err := os.MkdirAll(filepath.Dir(s.link(instance)), 0o755); err != nil {
		return fmt.Errorf("worker %q: %w", instance, err)
	}
	if err := renameio.Symlink(filepath.Join("..", "releases", release), s.link(instance)); err != nil {
		return fmt.Errorf("worker %q: switch to release %q: %w", instance, release, err)
	}
	return syncDir(filepath.Dir(s.link(instance)))
}

// Forget takes away the link of a worker that is gone.
func (s Store) Forget(instance string) error {
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
		if entry.Type() != fs.ModeSymlink {
			continue
		}
		release, err := s.Current(entry.Name())
		if err != nil {
			return nil, err
		}
		workers[release] = append(workers[release], entry.Name())
	}
	return workers, nil
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
