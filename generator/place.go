package generator

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Place is where units are put, in the words of systemd.unit(5).
type Place string

// The places.
const (
	Installed Place = "/etc/systemd"     // by the administrator
	Runtime   Place = "/run/systemd"     // gone after a reboot
	Packaged  Place = "/usr/lib/systemd" // by a distribution
)

// UnitDir is the directory of a place. A user's own units lie in the home
// directory.
func UnitDir(place Place, mode Mode, getenv func(string) string) (string, error) {
	if mode != User || place == Packaged {
		return filepath.Join(string(place), string(cmp.Or(mode, System))), nil
	}
	variable := "XDG_CONFIG_HOME"
	if place == Runtime {
		variable = "XDG_RUNTIME_DIR"
	}
	base := getenv(variable)
	if base == "" && place == Installed && getenv("HOME") != "" {
		base = filepath.Join(getenv("HOME"), ".config")
	}
	if !filepath.IsAbs(base) {
		return "", fmt.Errorf("$%s is %q: wanted the directory of this login", variable, base)
	}
	return filepath.Join(base, "systemd", "user"), nil
}

// Orphans are the clusters whose units stand in a directory and whose .cluster
// file has gone from the search path. Both are below the root, which the units do
// not name; "" is /.
func Orphans(dir, root string, path []string) ([]string, error) {
	files, err := owned(dir)
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, cluster := range slices.Sorted(maps.Keys(files)) {
		source, err := sourcePath(filepath.Join(dir, files[cluster][0]))
		if err != nil {
			return nil, err
		}
		if !slices.Contains(path, filepath.Dir(source)) {
			continue // it never was there: from a command line, or from another place
		}
		if _, err := os.Lstat(filepath.Join(root, source)); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, cluster)
		}
	}
	return gone, nil
}

// sourcePath is the .cluster file that a unit of ours names.
func sourcePath(unit string) (string, error) {
	text, err := os.ReadFile(unit)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(line, "SourcePath="); ok {
			return strings.ReplaceAll(strings.TrimSuffix(path, "\n"), "%%", "%"), nil
		}
	}
	return "", nil
}
