package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const spec = "[Cluster]\nWorkers=4\nListen=http=%d\n[Service]\nExecStart=/usr/bin/true\n"

// home has so many .cluster files, and one that is broken if there are any.
func home(t testing.TB, clusters int) []string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clusterctl")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range clusters {
		name := filepath.Join(dir, fmt.Sprintf("web%d.cluster", i))
		if err := os.WriteFile(name, fmt.Appendf(nil, spec, 8000+i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return append(os.Environ(), "SYSTEMD_SCOPE=user", "XDG_CONFIG_HOME="+filepath.Dir(dir))
}

func lookup(env []string) func(string) string {
	return func(name string) string {
		for _, setting := range env {
			if value, ok := strings.CutPrefix(setting, name+"="); ok && setting != "" {
				return value
			}
		}
		return ""
	}
}

func TestRun(t *testing.T) {
	env, out, log := home(t, 2), t.TempDir(), &strings.Builder{}
	if code := run([]string{out, out, out}, lookup([]string{env[len(env)-2], env[len(env)-1]}), log); code != 0 || log.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, log)
	}
	for _, name := range []string{"web0@.service", "web1.service", "default.target.wants/web1.service", "web0.service.wants/web0@4.service"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
}

// Each fault is a line of its own for the kernel's log, as an error.
func TestRun_SaysFaults(t *testing.T) {
	config := t.TempDir()
	file := filepath.Join(config, "clusterctl", "web.cluster")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("[Cluster]\nWorkers=0\nStart=soon\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	log := &strings.Builder{}
	code := run([]string{t.TempDir()}, lookup([]string{"SYSTEMD_SCOPE=user", "XDG_CONFIG_HOME=" + config}), log)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if code != 1 || len(lines) != 2 || !strings.HasPrefix(lines[0], "<3>clusterctl-generator: "+file+":2: Workers: ") {
		t.Errorf("exit code %d: %q", code, lines)
	}
	if code := run(nil, os.Getenv, log); code != 2 {
		t.Errorf("without arguments: exit code %d", code)
	}
}

// BenchmarkGenerator is the whole process, beside a Go program that does nothing.
func BenchmarkGenerator(b *testing.B) {
	dir := b.TempDir()
	generator, empty := filepath.Join(dir, "clusterctl-generator"), filepath.Join(dir, "empty")
	if err := os.WriteFile(empty+".go", []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	for program, source := range map[string]string{generator: ".", empty: empty + ".go"} {
		if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, source).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	for _, bench := range []struct {
		name, program string
		clusters      int
	}{{"an empty program", empty, 0}, {"no cluster", generator, 0}, {"a hundred clusters", generator, 100}} {
		b.Run(bench.name, func(b *testing.B) {
			env := home(b, bench.clusters)
			for b.Loop() {
				b.StopTimer()
				out, err := os.MkdirTemp("/dev/shm", "clusterctl-generator-") //nolint:usetesting // systemd's directories are on a tmpfs too
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { os.RemoveAll(out) })
				b.StartTimer()
				cmd := exec.CommandContext(b.Context(), bench.program, out, out, out)
				cmd.Env = env
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
			}
		})
	}
}
