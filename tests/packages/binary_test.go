package packages

import (
	"debug/elf"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	mostBytes = 15 << 20
	// Times a hello world of cobra: what is wanted, and what is a fault on any
	// machine, however busy.
	wantedStartup = 1.5
	mostStartup   = 2
)

// program is clusterctl as the package has it.
func program(t *testing.T) string {
	t.Helper()
	d, err := built()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run(t, dir, nil, "dpkg-deb", "-x", d.newer, dir)
	return filepath.Join(dir, "usr/bin/clusterctl")
}

func TestBinary(t *testing.T) {
	clusterctl := program(t)
	file, err := elf.Open(clusterctl)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
			t.Errorf("%s is not static: it has a %s segment", clusterctl, segment.Type)
		}
	}
	if file.Section(".symtab") != nil || file.Section(".debug_info") != nil {
		t.Errorf("%s is not stripped", clusterctl)
	}
	info, err := os.Stat(clusterctl)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("clusterctl: %.1f MB of at most %d", float64(info.Size())/(1<<20), mostBytes>>20)
	if info.Size() > mostBytes {
		t.Errorf("%d bytes, wanted at most %d", info.Size(), mostBytes)
	}
}

// clusterctl --version takes turns with a hello world of cobra. Of each round the
// least counts, and of the rounds the best: on a busy machine the rest is somebody
// else's time.
func TestStartup(t *testing.T) {
	clusterctl := program(t)
	hello := filepath.Join(t.TempDir(), "hello")
	run(t, ".", []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", hello, "./cobrahello")
	best := math.Inf(1)
	for round := 0; round < 5 && best > wantedStartup; round++ {
		var ours, theirs []time.Duration
		for range 60 {
			theirs = append(theirs, startup(t, hello))
			ours = append(ours, startup(t, clusterctl))
		}
		ratio := float64(slices.Min(ours)) / float64(slices.Min(theirs))
		t.Logf("clusterctl --version %s, a hello world of cobra %s: %.2f times, wanted at most %.1f", slices.Min(ours), slices.Min(theirs), ratio, wantedStartup)
		best = min(best, ratio)
	}
	if best > mostStartup {
		t.Errorf("clusterctl --version takes %.2f times as long as a hello world of cobra, wanted at most %.1f", best, wantedStartup)
	}
}

func startup(t *testing.T, program string) time.Duration {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "--version")
	begin := time.Now()
	out, err := cmd.Output()
	took := time.Since(begin)
	if err != nil || !strings.Contains(string(out), "version") {
		t.Fatalf("%s --version: %v\n%s", program, err, out)
	}
	return took
}
