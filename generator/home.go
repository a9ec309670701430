package generator

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// Generated is where systemd's generators put units, at boot and at each reload.
const Generated Place = "generator"

// Home is where the units of a cluster stand on this host, or would stand.
type Home struct {
	Place Place
	Dir   string
}

// FindHome looks for the home of a cluster with these units. Where its units are
// already, they stay: those that an administrator or "generate --runtime" has
// written, and those of a package if they are as wanted. A cluster without units,
// whose file is in the search path, is the systemd generator's if that is there;
// any other's units go to the administrator's directory.
func FindHome(c *spec.Cluster, files []File, o Options, getenv func(string) string) (Home, error) {
	for _, place := range []Place{Installed, Runtime} {
		dir, err := UnitDir(place, o.manager(), getenv)
		if err != nil {
			return Home{}, err
		}
		if hasService(dir, c.Name) {
			return Home{place, dir}, nil
		}
	}
	packaged, err := UnitDir(Packaged, o.manager(), getenv)
	if err != nil {
		return Home{}, err
	}
	isPackaged := hasService(packaged, c.Name)
	if isPackaged {
		plan, err := NewPlan(packaged, []Set{{Cluster: c.Name, Files: files}})
		if err == nil && plan.IsDone() {
			return Home{Packaged, packaged}, nil
		}
	}
	if !isPackaged && o.isSearched(c.Path) && hasGenerator(o.manager()) {
		dir := "/run/systemd/generator"
		if o.manager() == User {
			dir = filepath.Join(getenv("XDG_RUNTIME_DIR"), "systemd", "generator")
		}
		return Home{Generated, dir}, nil
	}
	dir, err := UnitDir(Installed, o.manager(), getenv)
	return Home{Installed, dir}, err
}

func hasService(dir, cluster string) bool {
	_, err := os.Lstat(filepath.Join(dir, cluster+".service"))
	return err == nil
}

// isSearched says that a .cluster file is in one of the directories of the search
// path.
func (o Options) isSearched(path string) bool {
	absolute, err := filepath.Abs(path)
	return path != "" && err == nil && slices.Contains(o.search(), filepath.Dir(absolute))
}

// generatorDirs are where systemd looks for generators, by the manager, the
// directory that wins first (systemd.generator(7)).
var generatorDirs = []string{"/run/systemd", "/etc/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"}

// hasGenerator says that the manager runs clusterctl-generator. A link to
// /dev/null masks it.
func hasGenerator(mode Mode) bool {
	for _, dir := range generatorDirs {
		info, err := os.Stat(filepath.Join(dir, string(mode)+"-generators", "clusterctl-generator"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
	}
	return false
}
