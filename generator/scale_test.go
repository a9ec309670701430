package generator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

func TestScale(t *testing.T) {
	etc, lib := t.TempDir(), t.TempDir()
	search := []string{etc, lib}
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	count := func() string {
		t.Helper()
		found, err := FindName("web", search)
		if err != nil {
			t.Fatal(err)
		}
		c, err := found.Load()
		if err != nil {
			t.Fatal(err)
		}
		return c.Workers.String()
	}
	write(filepath.Join(lib, "web.cluster"), "[Cluster]\nWorkers=2\nListen=http=8080\n[Service]\nExecStart=/usr/bin/true\n")
	write(filepath.Join(lib, "web.cluster.d", "10-site.conf"), "[Cluster]\nWorkers=3\n")
	auto, err := spec.ParseWorkers("auto")
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []spec.Workers{spec.WorkerNumber(8), auto, spec.WorkerNumber(1)} {
		file, err := Scale(search, "web", workers)
		if err != nil || file != filepath.Join(etc, "web.cluster.d", "50-scale.conf") {
			t.Errorf("Scale to %s: %s (error: %v)", workers, file, err)
		}
		if got := count(); got != workers.String() {
			t.Errorf("the cluster has Workers=%s, want %s", got, workers)
		}
	}

	write(filepath.Join(etc, "web.cluster.d", "90-fixed.conf"), "[Cluster]\nWorkers=5\n")
	if _, err := Scale(search, "web", spec.WorkerNumber(8)); err == nil || !strings.HasSuffix(err.Error(), "90-fixed.conf") {
		t.Errorf("a drop-in that holds over ours: %v", err)
	}
	if _, err := Scale(search, "shop", spec.WorkerNumber(8)); err == nil || !strings.Contains(err.Error(), `no cluster "shop"`) {
		t.Errorf("no such cluster: %v", err)
	}
	if left, err := os.ReadFile(filepath.Join(etc, "web.cluster.d", "50-scale.conf")); err != nil || !strings.Contains(string(left), "Workers=1\n") {
		t.Errorf("a refusal has written %q (error: %v)", left, err)
	}
}
