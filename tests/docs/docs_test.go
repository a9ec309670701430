package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// pages are the README and what it leads to.
func pages(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(stage.Root(), "cmd/dist/doc/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"} {
		paths = append(paths, filepath.Join(stage.Root(), name))
	}
	return paths
}

// TestPages runs every page. The README is the first that a reader sees, so what
// it builds is there for the others.
func TestPages(t *testing.T) {
	workshop := newWorkshop(t)
	for _, path := range pages(t) {
		name, err := filepath.Rel(stage.Root(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			blocks, faults := parse(string(data))
			for _, fault := range faults {
				t.Errorf("%s: %v", name, fault)
			}
			if t.Failed() {
				t.FailNow()
			}
			(&reader{t: t, page: name, workshop: workshop}).read(blocks)
		})
	}
}
