package generator

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// enabled is a directory of units with the links of a cluster of three workers,
// and others beside them.
func enabled(t *testing.T) (dir string, links []Link) {
	t.Helper()
	c, err := spec.Parse("web.cluster", []byte("[Cluster]\nListen=http=1\nListen=more=2\n[Service]\nExecStart=/usr/bin/true\n[Install]\nAlias=shop.service\n"))
	if err != nil {
		t.Fatal(err)
	}
	dir, links = t.TempDir(), Links(c, Options{}, 3)
	others := []Link{
		{"other.target.wants/web.service", "../web.service"}, // systemctl add-wants
		{"web.service.wants/web@blue.service", "../web@.service"},
		{"web.service.wants/web-extra.service", "../web-extra.service"},
	}
	for _, link := range slices.Concat(links, others) {
		name := filepath.Join(dir, link.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(link.Target, name); err != nil {
			t.Fatal(err)
		}
	}
	return dir, links
}

func TestDisabled(t *testing.T) {
	dir, links := enabled(t)
	if got := Disabled(links, []string{t.TempDir(), dir}); len(got) > 0 {
		t.Errorf("all links are there, and %q are to be enabled", got)
	}
	for _, name := range []string{"shop.service", "web.service.wants/web@2.service", "sockets.target.wants/web-more.socket"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"web.service", "web-more.socket", "web@2.service"}
	if got := Disabled(links, []string{dir}); !slices.Equal(got, want) {
		t.Errorf("to be enabled are %q, wanted %q", got, want)
	}
}

// Of the links of a cluster only those go that it made itself: workers beyond the
// last, and what its units say as they are now.
func TestStale(t *testing.T) {
	dir, links := enabled(t)
	fewer := slices.DeleteFunc(slices.Clone(links), func(l Link) bool { return l.unit() == "web@3.service" || l.unit() == "web-more.socket" })
	lazy := slices.DeleteFunc(slices.Clone(links), func(l Link) bool { return l.unit() == "web.service" })
	wanted := []byte("[Unit]\n[Install]\nAlso=web.socket\nWantedBy=multi-user.target\nAlias=shop.service\n\n[X-Cluster]\nWantedBy=x.target\n")
	removed := Change{Name: "web-more.socket", Did: Removed, Old: []byte("[Socket]\n[Install]\nWantedBy=sockets.target\n")}
	tests := []struct {
		name  string
		links []Link
		plan  []Change
		want  []string
	}{
		{"as it is", links, nil, nil},
		{"a worker less", fewer, nil, []string{"web@3.service"}},
		{"a worker and a listener less", fewer, []Change{removed}, []string{"web@3.service", "web-more.socket"}},
		{"not at boot any more", lazy, []Change{{Name: "web.service", Did: Wrote, Old: wanted, New: []byte("x")}}, []string{"web.service"}},
		{"not wanted, and its unit says so already", lazy, []Change{{Name: "web.service", Did: Unchanged, Old: wanted, New: wanted}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Stale("web", tt.links, Plan{Changes: tt.plan}, []string{dir, t.TempDir()})
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q (%v)", got, tt.want, err)
			}
		})
	}
}

// Units stay where they are.
func TestFindHome(t *testing.T) {
	config, runtime := t.TempDir(), t.TempDir()
	getenv := func(name string) string {
		return map[string]string{"XDG_CONFIG_HOME": config, "XDG_RUNTIME_DIR": runtime}[name]
	}
	c, err := spec.Parse("/srv/web-of-this-test.cluster", []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	find := func(want Place) {
		t.Helper()
		home, err := FindHome(c, nil, Options{Mode: User}, getenv)
		if err != nil || home.Place != want {
			t.Errorf("%+v, %v, wanted the place %s", home, err, want)
		}
	}
	put := func(dir string) {
		t.Helper()
		dir = filepath.Join(dir, "systemd", "user")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, c.Name+".service"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	find(Installed) // of a cluster that has none, and whose file no generator finds
	put(runtime)
	find(Runtime)
	put(config)
	find(Installed)
}
