package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// The bars of the systemd generator, which every boot and every daemon-reload
// waits for: so many .cluster files in so much time, and a start that takes at most
// so much longer than that of a Go program which does nothing.
const (
	generatedClusters = 100
	mostForAll        = 50 * time.Millisecond
	mostForStart      = 5 * time.Millisecond
	generatorRounds   = 40
)

const emptyProgram = "package main\n\nfunc main() {}\n"

// generatorBesideEmpty runs the generator as systemd does, with no .cluster file and
// with a hundred, and an empty program, in turns. The least of each counts: what is
// more is somebody else's work.
func generatorBesideEmpty(ctx context.Context, _ *stage.Stage) (err error) {
	dir, err := os.MkdirTemp("/dev/shm", "clusterctl-bench-") // systemd's directories are on a tmpfs too
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	generator, empty := filepath.Join(dir, "generator"), filepath.Join(dir, "empty")
	if err := os.WriteFile(empty+".go", []byte(emptyProgram), 0o600); err != nil {
		return err
	}
	for program, source := range map[string]string{generator: "./cmd/clusterctl-generator", empty: empty + ".go"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, source)
		build.Dir, build.Env = stage.Root(), append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", source, err, out)
		}
	}
	full := filepath.Join(dir, "full", "clusterctl")
	if err := os.MkdirAll(full, 0o755); err != nil {
		return err
	}
	for i := range generatedClusters {
		text := fmt.Appendf(nil, "[Cluster]\nWorkers=4\nListen=http=%d\n[Service]\nExecStart=/usr/bin/true\n", 8000+i)
		if err := os.WriteFile(filepath.Join(full, fmt.Sprintf("web%d.cluster", i)), text, 0o600); err != nil {
			return err
		}
	}
	runs := []struct{ program, config string }{{empty, dir}, {generator, dir}, {generator, filepath.Dir(full)}}
	times := make([][]time.Duration, len(runs))
	for range generatorRounds {
		for i, r := range runs {
			took, err := generate(ctx, r.program, r.config, filepath.Join(dir, "out"))
			if err != nil {
				return err
			}
			times[i] = append(times[i], took)
		}
	}
	nothing, start, all := slices.Min(times[0]), slices.Min(times[1]), slices.Min(times[2])
	fmt.Printf("  an empty Go program    %6.1f ms\n", milliseconds(nothing))
	fmt.Printf("  no .cluster file       %6.1f ms  %.2f times the empty program, wanted at most %s more\n",
		milliseconds(start), float64(start)/float64(nothing), mostForStart)
	fmt.Printf("  %d .cluster files     %6.1f ms  %.1f times the empty program, wanted at most %s\n",
		generatedClusters, milliseconds(all), float64(all)/float64(nothing), mostForAll)
	if start-nothing > mostForStart || all > mostForAll {
		return errors.New("the generator holds up the boot for too long")
	}
	return nil
}

// generate runs the generator of a user manager, whose .cluster files may be
// anywhere, once.
func generate(ctx context.Context, program, config, out string) (took time.Duration, err error) {
	if err := os.Mkdir(out, 0o755); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(out)) }()
	cmd := exec.CommandContext(ctx, program, out, out, out)
	cmd.Env = append(os.Environ(), "SYSTEMD_SCOPE=user", "XDG_CONFIG_HOME="+config, "XDG_RUNTIME_DIR=/nonexistent", "XDG_DATA_HOME=/nonexistent")
	return timed(cmd.Run)
}
