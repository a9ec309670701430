package release

import (
	"fmt"
	"os"
	"path/filepath"
)

// Prune removes the oldest releases beyond so many, but none that a worker's
// link points at or that is needed. It returns the names of those removed.
func (s Store) Prune(keep int, needed ...string) ([]string, error) {
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := s.sweep(); err != nil {
		return nil, err
	}
	all, err := s.List()
	if err != nil {
		return nil, err
	}
	workers, err := s.Workers()
	if err != nil {
		return nil, err
	}
	kept := make(map[string]bool)
	for _, name := range needed {
		kept[name] = true
	}
	var removed []string
	for i, release := range all {
		if i < keep || kept[release.Name] || len(workers[release.Name]) > 0 {
			continue
		}
		if err := s.remove(release.Name); err != nil {
			return removed, fmt.Errorf("remove release %q: %w", release.Name, err)
		}
		removed = append(removed, release.Name)
	}
	return removed, nil
}

// remove takes a release out of sight at once, and then away. Its description
// goes after it, as it came before it.
func (s Store) remove(name string) error {
	hidden := filepath.Join(s.releases(), temporaryPrefix+"removed-"+name)
	if err := os.Rename(s.path(name), hidden); err != nil {
		return err
	}
	if err := syncDir(s.releases()); err != nil {
		return err
	}
	if err := os.Remove(s.description(name)); err != nil {
		return err
	}
	return os.RemoveAll(hidden)
}
