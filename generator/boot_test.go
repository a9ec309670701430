package generator

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// boot runs a generator on a tree of .cluster files, native units and an empty
// output.
func boot(t *testing.T, files map[string]string) (Boot, []string) {
	t.Helper()
	root := tree(t, files)
	b := Boot{
		Dir:     filepath.Join(root, "out"),
		Path:    []string{filepath.Join(root, "etc"), filepath.Join(root, "usr")},
		Native:  []string{filepath.Join(root, "native")},
		CPUs:    3,
		Options: Options{Mode: System},
	}
	if err := os.Mkdir(b.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return b, Faults(b.Run())
}

// made are the files and links below the output, links with their targets.
func (b Boot) made(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(b.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(b.Dir, path)
		if target, linkErr := os.Readlink(path); linkErr == nil {
			name += " -> " + target
		}
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestBoot_EnablesWhatItWrites(t *testing.T) {
	b, faults := boot(t, map[string]string{"usr/web.cluster": plain + "[Install]\nAlias=shop.service\n", "etc/web.cluster.d/a.conf": "[Cluster]\nWorkers=auto\n"})
	if len(faults) > 0 {
		t.Error(faults)
	}
	want := []string{
		"multi-user.target.wants/web.service -> ../web.service",
		"shop.service -> web.service",
		"sockets.target.wants/web.socket -> ../web.socket",
		"web-activate.service",
		"web-admin@.socket",
		"web-workers.target",
		"web.service",
		"web.service.wants/web@1.service -> ../web@.service",
		"web.service.wants/web@2.service -> ../web@.service",
		"web.service.wants/web@3.service -> ../web@.service",
		"web.socket",
		"web@.service",
	}
	if got := b.made(t); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestBoot_Lazy(t *testing.T) {
	b, _ := boot(t, map[string]string{"usr/web.cluster": "[Cluster]\nStart=lazy\n" + plain})
	for _, name := range b.made(t) {
		if strings.HasPrefix(name, "multi-user.target.wants") {
			t.Errorf("%s starts the cluster at boot", name)
		}
	}
	if !slices.Contains(b.made(t), "sockets.target.wants/web.socket -> ../web.socket") {
		t.Error("the socket is not enabled")
	}
}

// A file with a fault, and one that can't be read, stop no other.
func TestBoot_ABrokenFileStopsNoOther(t *testing.T) {
	b, faults := boot(t, map[string]string{
		"etc/a.cluster":        "[Cluster]\nWorkers=many\nListen=x\n",
		"etc/b.cluster/README": "a directory",
		"etc/c.cluster":        "\xff\xfe",
		"etc/d.cluster":        os.DevNull,
		"etc/e f.cluster":      plain,
		"etc/web.cluster":      plain,
		"etc/z.cluster":        plain,
	})
	for _, want := range []string{"/a.cluster:2: Workers: ", "/a.cluster:3: Listen: ", "/b.cluster: is a directory", "/c.cluster: not a text file", `cluster name "e f"`} {
		if !slices.ContainsFunc(faults, func(fault string) bool { return strings.Contains(fault, want) }) {
			t.Errorf("no fault %q in %q", want, faults)
		}
	}
	if len(faults) != 5 {
		t.Errorf("%d faults: %q", len(faults), faults)
	}
	for _, name := range []string{"web.service", "z.service"} {
		if !slices.Contains(b.made(t), name) {
			t.Errorf("%s is missing", name)
		}
	}
	if slices.Contains(b.made(t), "d.service") {
		t.Error("a masked cluster was made")
	}
}

// Units that were generated before are an administrator's to enable or not.
func TestBoot_LeavesNativeUnits(t *testing.T) {
	b, faults := boot(t, map[string]string{"usr/web.cluster": plain, "native/web.service": "[Service]\n"})
	if made := b.made(t); len(made) > 0 || len(faults) > 0 {
		t.Errorf("made %q, %q", made, faults)
	}
}

func TestBoot_TwoClustersWantOneName(t *testing.T) {
	b, faults := boot(t, map[string]string{
		"usr/web.cluster":      "[Cluster]\nListen=http=80\nListen=shop=81\n[Service]\nExecStart=/usr/bin/true\n",
		"usr/web-shop.cluster": plain,
	})
	if len(faults) != 1 || !strings.Contains(faults[0], `unit "web-shop.socket" is that of `) {
		t.Errorf("%q", faults)
	}
	if made := b.made(t); !slices.Contains(made, "web-shop.service") || slices.Contains(made, "web.service") {
		t.Errorf("made %q, wanted the units of the one that comes first", made)
	}
}
