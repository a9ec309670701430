package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// workshop is a copy of the repository in which the README's commands for this
// machine have run. What they install goes below a directory of its own.
type workshop struct {
	dir, installed string
	build          func() error // once
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	w := &workshop{dir: t.TempDir(), installed: t.TempDir()}
	w.build = sync.OnceValue(func() error { return w.set(context.Background()) })
	return w
}

func (w *workshop) set(ctx context.Context) error {
	entries, err := os.ReadDir(stage.Root())
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if slices.Contains([]string{".git", "bin", "dist"}, entry.Name()) { // dist has what "make packages" made
			continue
		}
		copied := exec.CommandContext(ctx, "cp", "-a", filepath.Join(stage.Root(), entry.Name()), w.dir)
		if out, err := copied.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	readme, err := os.ReadFile(filepath.Join(stage.Root(), "README.md"))
	if err != nil {
		return err
	}
	blocks, faults := parse(string(readme))
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	for _, b := range blocks {
		if b.kind != host {
			continue
		}
		cmd := exec.CommandContext(ctx, "bash", "-eu", "-c", `sudo() { "$@"; }`+"\n"+b.text)
		cmd.Dir = w.dir
		cmd.Env = append(os.Environ(), "DESTDIR="+w.installed)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("README.md:%d: %w\n%s\n%s", b.line, err, b.text, out)
		}
	}
	return nil
}
