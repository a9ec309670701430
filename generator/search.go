package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// SearchPath are the directories of .cluster files, the one that wins first, in
// the order of systemd.unit(5): the administrator's, what is made at run time,
// what is built on this machine, the distribution's. Those of the user manager
// begin with the user's own.
func SearchPath(mode Mode, getenv func(string) string) []string {
	if mode != User {
		return []string{"/etc/clusterctl", "/run/clusterctl", "/usr/local/lib/clusterctl", "/usr/lib/clusterctl"}
	}
	var path []string
	home := func(variable, under string) {
		switch {
		case filepath.IsAbs(getenv(variable)):
			path = append(path, filepath.Join(getenv(variable), "clusterctl"))
		case under != "" && filepath.IsAbs(getenv("HOME")):
			path = append(path, filepath.Join(getenv("HOME"), under, "clusterctl"))
		}
	}
	home("XDG_CONFIG_HOME", ".config")
	path = append(path, "/etc/clusterctl/user")
	home("XDG_RUNTIME_DIR", "")
	path = append(path, "/run/clusterctl/user")
	home("XDG_DATA_HOME", ".local/share")
	return append(path, "/usr/local/lib/clusterctl/user", "/usr/lib/clusterctl/user")
}

// Found is a .cluster file of a search path, with its drop-ins in the order in
// which they are read.
type Found struct {
	Name    string // of the cluster
	Path    string
	DropIns []string
	// Masked says that the file is empty or a link to /dev/null: there is no
	// such cluster, whatever directories of less weight say.
	Masked bool
}

// Find lists the clusters of a search path by name. Of two files of one name
// the one in the earlier directory holds. Directories that do not exist are
// passed over; what can't be read is in the error, and does not hide the rest.
func Find(path []string) ([]Found, error) {
	files, err := highest(path, "*.cluster")
	faults := []error{err}
	var all []Found
	for _, base := range slices.Sorted(maps.Keys(files)) {
		found, err := find(path, files[base])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		all = append(all, found)
	}
	return all, errors.Join(faults...)
}

// FindFile is the cluster of one file. Its drop-ins are those beside it; a file
// of the search path has those of the whole path.
func FindFile(file string, path []string) (Found, error) {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return Found{}, err
	}
	if !slices.Contains(path, dir) {
		path = []string{dir}
	}
	return find(path, file)
}

// FindName is the cluster of this name in the search path.
func FindName(name string, path []string) (Found, error) {
	files, err := highest(path, "*.cluster")
	if err != nil {
		return Found{}, err
	}
	file, ok := files[name+".cluster"]
	if !ok {
		return Found{}, fmt.Errorf("no cluster %q: no %s.cluster in %s", name, name, strings.Join(path, ", "))
	}
	return find(path, file)
}

func find(path []string, file string) (Found, error) {
	masked, err := isMasked(file)
	if err != nil {
		return Found{}, err
	}
	base := filepath.Base(file)
	found := Found{Name: strings.TrimSuffix(base, ".cluster"), Path: file, Masked: masked}
	dropIns, err := highest(path, filepath.Join(base+".d", "*.conf"))
	if err != nil {
		return Found{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(dropIns)) {
		masked, err := isMasked(dropIns[name])
		if err != nil {
			return Found{}, err
		}
		if !masked {
			found.DropIns = append(found.DropIns, dropIns[name])
		}
	}
	return found, nil
}

// highest are the files that match in the directories, by their name; the
// earlier directory wins.
func highest(dirs []string, pattern string) (map[string]string, error) {
	files := make(map[string]string)
	var faults []error
	for _, dir := range slices.Backward(dirs) {
		under, pattern := filepath.Split(pattern)
		entries, err := os.ReadDir(filepath.Join(dir, under))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err)
		}
		for _, entry := range entries {
			matches, err := filepath.Match(pattern, entry.Name())
			if err == nil && matches && !strings.HasPrefix(entry.Name(), ".") {
				files[entry.Name()] = filepath.Join(dir, under, entry.Name())
			}
		}
	}
	return files, errors.Join(faults...)
}

// isMasked follows systemd: an empty file masks as a link to /dev/null does.
func isMasked(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("%s: no such file", path)
	}
	if err != nil {
		return false, err
	}
	return info.Mode()&fs.ModeCharDevice != 0 || info.Mode().IsRegular() && info.Size() == 0, nil
}

// Load reads and parses the file and its drop-ins.
func (f Found) Load() (*spec.Cluster, error) {
	if f.Masked {
		return nil, fmt.Errorf("%s: it is empty or a link to /dev/null, so cluster %q is masked", f.Path, f.Name)
	}
	data, err := os.ReadFile(f.Path)
	if err != nil {
		return nil, err
	}
	var dropIns []spec.Source
	for _, path := range f.DropIns {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		dropIns = append(dropIns, spec.Source{Path: path, Data: data})
	}
	return spec.Parse(f.Path, data, dropIns...)
}
