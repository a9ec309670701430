package generator

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// unit is the unit that has to be enabled for a link to be made.
func (l Link) unit() string {
	if path.Dir(l.Name) == "." {
		return path.Base(l.Target) // an alias
	}
	return path.Base(l.Name)
}

// Disabled are the units whose links stand in none of the directories.
func Disabled(links []Link, dirs []string) []string {
	var names []string
	for _, link := range links {
		is := func(dir string) bool { _, err := os.Lstat(filepath.Join(dir, link.Name)); return err == nil }
		if !slices.ContainsFunc(dirs, is) && !slices.Contains(names, link.unit()) {
			names = append(names, link.unit())
		}
	}
	return names
}

// Stale are the units of a cluster that have a link in one of the directories
// and are not to have it: workers beyond the last, and what the units that are
// about to be replaced or removed wanted. Links that somebody has made beside
// those stay.
func Stale(cluster string, links []Link, plan Plan, dirs []string) ([]string, error) {
	wanted := make(map[string]bool, len(links))
	for _, link := range links {
		wanted[link.Name] = true
	}
	var names []string
	add := func(unit string) {
		if !slices.Contains(names, unit) {
			names = append(names, unit)
		}
	}
	for _, dir := range dirs {
		workers, err := os.ReadDir(filepath.Join(dir, cluster+".service.wants"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, entry := range workers {
			if isNumbered(cluster, entry.Name()) && !wanted[path.Join(cluster+".service.wants", entry.Name())] {
				add(entry.Name())
			}
		}
		for _, link := range oldLinks(plan) {
			if _, err := os.Lstat(filepath.Join(dir, link.Name)); err == nil && !wanted[link.Name] {
				add(link.unit())
			}
		}
	}
	return names, nil
}

// isNumbered says that a unit is a worker whose instance is a number: others are
// somebody's own.
func isNumbered(cluster, unit string) bool {
	number, isWorker := strings.CutPrefix(unit, cluster+"@")
	number, isService := strings.CutSuffix(number, ".service")
	return isWorker && isService && number != "" && strings.Trim(number, "0123456789") == ""
}

// oldLinks are those that the [Install] sections of the units as they are now
// make. Templates have none: their instances are enabled one by one.
func oldLinks(plan Plan) []Link {
	var links []Link
	for _, change := range plan.Changes {
		if change.Old == nil || change.Did == Unchanged || strings.Contains(change.Name, "@") {
			continue
		}
		_, install, _ := strings.Cut(string(change.Old), "\n[Install]\n")
		for line := range strings.Lines(install) {
			if strings.HasPrefix(line, "[") {
				break
			}
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			links = append(links, installLinks(change.Name, key, value)...)
		}
	}
	return links
}
