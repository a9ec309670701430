package generator

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// tree writes files below a directory; "/dev/null" as the text makes a link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if text == os.DevNull {
			err = os.Symlink(os.DevNull, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const plain = "[Cluster]\nListen=http=8080\n[Service]\nExecStart=/usr/bin/true\n"

func TestFind(t *testing.T) {
	root := tree(t, map[string]string{
		"etc/web.cluster":                   plain,
		"usr/web.cluster":                   "never read",
		"usr/shop.cluster":                  plain,
		"etc/gone.cluster":                  os.DevNull,
		"usr/gone.cluster":                  plain,
		"run/empty.cluster":                 "",
		"usr/empty.cluster":                 plain,
		"usr/.hidden.cluster":               plain,
		"usr/other.conf":                    "",
		"usr/web.cluster.d/10-a.conf":       "of usr, overridden",
		"etc/web.cluster.d/10-a.conf":       "",
		"usr/web.cluster.d/20-workers.conf": "[Cluster]\nWorkers=7\n",
		"run/web.cluster.d/30-workers.conf": "[Cluster]\nWorkers=8\n",
		"etc/web.cluster.d/30-workers.conf": "[Cluster]\nWorkers=9\n",
		"usr/web.cluster.d/40-off.conf":     "[Cluster]\nWorkers=1\n",
		"etc/web.cluster.d/40-off.conf":     os.DevNull,
		"etc/web.cluster.d/README":          "no drop-in",
	})
	path := []string{filepath.Join(root, "etc"), filepath.Join(root, "run"), filepath.Join(root, "none"), filepath.Join(root, "usr")}
	found, err := Find(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		line := f.Name + " " + strings.TrimPrefix(f.Path, root+"/")
		if f.Masked {
			line += " masked"
		}
		for _, dropIn := range f.DropIns {
			line += " " + strings.TrimPrefix(dropIn, root+"/")
		}
		got = append(got, line)
	}
	want := []string{
		"empty run/empty.cluster masked",
		"gone etc/gone.cluster masked",
		"shop usr/shop.cluster",
		"web etc/web.cluster usr/web.cluster.d/20-workers.conf etc/web.cluster.d/30-workers.conf",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	cluster, err := found[3].Load()
	if err != nil || cluster.Workers != spec.WorkerNumber(9) {
		t.Errorf("read %+v (%v), wanted the 9 workers of the last drop-in", cluster, err)
	}
}

// A file that can't be read hides no other.
func TestFind_GoesOnPastAFault(t *testing.T) {
	root := tree(t, map[string]string{"etc/web.cluster": plain, "usr/shop.cluster": plain})
	if err := os.Symlink("nowhere", filepath.Join(root, "etc/torn.cluster")); err != nil {
		t.Fatal(err)
	}
	found, err := Find([]string{filepath.Join(root, "etc"), filepath.Join(root, "usr")})
	if len(found) != 2 || err == nil || !strings.Contains(err.Error(), "torn.cluster: no such file") {
		t.Errorf("found %+v, error %v", found, err)
	}
}

func TestFindFile(t *testing.T) {
	root := tree(t, map[string]string{
		"etc/web.cluster":             plain,
		"etc/web.cluster.d/10.conf":   "[Cluster]\nWorkers=3\n",
		"usr/web.cluster.d/20.conf":   "[Cluster]\nWorkers=5\n",
		"build/web.cluster":           plain,
		"build/web.cluster.d/10.conf": "[Cluster]\nWorkers=2\n",
	})
	path := []string{filepath.Join(root, "etc"), filepath.Join(root, "usr")}
	for file, want := range map[string]int{"etc/web.cluster": 5, "build/web.cluster": 2} {
		found, err := FindFile(filepath.Join(root, file), path)
		if err != nil {
			t.Fatal(err)
		}
		cluster, err := found.Load()
		if err != nil || cluster.Workers != spec.WorkerNumber(want) {
			t.Errorf("%s: %+v (%v), wanted %d workers", file, cluster, err, want)
		}
	}
}

func TestSearchPath_OfAUser(t *testing.T) {
	env := map[string]string{"HOME": "/home/ann", "XDG_RUNTIME_DIR": "/run/user/7", "XDG_DATA_HOME": "relative"}
	got := SearchPath(User, func(name string) string { return env[name] })
	want := []string{"/home/ann/.config/clusterctl", "/etc/clusterctl/user", "/run/user/7/clusterctl", "/run/clusterctl/user",
		"/home/ann/.local/share/clusterctl", "/usr/local/lib/clusterctl/user", "/usr/lib/clusterctl/user"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// The file of a package that is built is looked for below its root, whatever this
// host has.
func TestOrphans(t *testing.T) {
	root := tree(t, map[string]string{"usr/lib/clusterctl/web.cluster": plain, "units/README": "x"})
	dir := filepath.Join(root, "units")
	for _, name := range []string{"web", "shop", "elsewhere"} {
		c, err := spec.Parse(name+".cluster", []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		c.Path = "/usr/lib/clusterctl/" + name + ".cluster"
		if name == "elsewhere" {
			c.Path = "/home/ann/elsewhere.cluster"
		}
		files, err := Generate(c, Options{Search: []string{filepath.Dir(c.Path)}})
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, Set{name, files})
	}
	got, err := Orphans(dir, root, []string{"/etc/clusterctl", "/usr/lib/clusterctl"})
	if err != nil || !slices.Equal(got, []string{"shop"}) {
		t.Errorf("%q (%v), wanted the one whose file is not there", got, err)
	}
}
