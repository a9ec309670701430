package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/tests/sandbox"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// home is where the copy of the repository stands in a sandbox, and where the
// blocks of a page begin.
const home = "/root/clusterctl"

// asTyped makes a shell of its own for each block go on where the last one ended,
// and sudo of what root types already.
const asTyped = `
cd "$(cat /run/docs-directory)"
trap 'pwd >/run/docs-directory' EXIT
sudo() { case $1 in -u) runuser -u "$2" -- "${@:3}" ;; *) "$@" ;; esac; }
`

// blockLimit ends a block that hangs.
const blockLimit = 2 * time.Minute

// reader does what a page says.
type reader struct {
	t        *testing.T
	page     string
	workshop *workshop
	box      *sandbox.Sandbox // booted when it is needed
	printed  string           // by the last block
	ran      bool             // whether a block ran before
}

func (r *reader) read(blocks []block) {
	r.t.Helper()
	for _, b := range blocks {
		switch b.kind {
		case run:
			r.run(b)
		case setup:
			script, err := os.ReadFile(filepath.Join("setup", b.argument+".sh"))
			if err != nil {
				r.fatalf(b, "%v", err)
			}
			b.text = string(script)
			r.run(b)
		case output:
			r.compare(b)
		case file:
			r.compareFile(b)
		case write:
			if err := r.sandbox(b).WriteFile(filepath.Join(home, b.argument), []byte(b.text), 0o644); err != nil {
				r.fatalf(b, "%v", err)
			}
		case host:
			if r.page != "README.md" {
				r.fatalf(b, "only the README may run blocks on this machine")
			}
		case notRun, shown:
		}
	}
}

func (r *reader) run(b block) {
	r.t.Helper()
	box := r.sandbox(b)
	ctx, cancel := context.WithTimeout(r.t.Context(), blockLimit)
	defer cancel()
	began := time.Now()
	printed, err := box.Run(ctx, "bash", "-eu", "-c", asTyped+b.text)
	r.t.Logf("%s:%d: %.2f s\n%s", r.page, b.line, time.Since(began).Seconds(), printed)
	r.printed, r.ran = printed, true
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		r.fatalf(b, "%v", err)
	}
	if code != b.exit {
		r.fatalf(b, "exit code %d, wanted %d\n%s\nprinted:\n%s", code, b.exit, b.text, printed)
	}
}

func (r *reader) compare(b block) {
	r.t.Helper()
	if !r.ran {
		r.fatalf(b, "an output, and nothing has run yet")
	}
	if line := missing(b.text, r.printed); line != "" {
		r.t.Errorf("%s:%d: the page says\n\t%s\nand the block before it printed\n%s", r.page, b.line, line, r.printed)
	}
}

func (r *reader) compareFile(b block) {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(stage.Root(), b.argument))
	if err != nil {
		r.fatalf(b, "%v", err)
	}
	if !strings.Contains(string(data), b.text) {
		r.t.Errorf("%s:%d: this is not what stands in %s:\n%s", r.page, b.line, b.argument, b.text)
	}
}

// sandbox boots the sandbox of this page: the repository as the README leaves it.
func (r *reader) sandbox(b block) *sandbox.Sandbox {
	r.t.Helper()
	if r.box != nil {
		return r.box
	}
	if err := r.workshop.build(); err != nil {
		r.fatalf(b, "%v", err)
	}
	r.box = sandbox.Start(r.t, sandbox.Options{})
	if err := errors.Join(
		r.copy(r.workshop.installed, "/"),
		r.copy(r.workshop.dir, home),
		r.box.WriteFile("/run/docs-directory", []byte(home), 0o644),
	); err != nil {
		r.fatalf(b, "%v", err)
	}
	return r.box
}

// copy copies what is in a directory of this machine into the sandbox.
func (r *reader) copy(from, to string) error {
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	pack := exec.CommandContext(ctx, "tar", "-C", from, "-cf", "-", "--mode=go+rX", "--exclude=./bin", ".")
	pipe, err := pack.StdoutPipe()
	if err != nil {
		return err
	}
	if err := pack.Start(); err != nil {
		return err
	}
	unpack := r.box.Command(ctx, "sh", "-euc", `mkdir -p "$0"; exec tar -C "$0" -xf - --keep-directory-symlink`, to)
	unpack.Stdin = pipe
	if out, err := unpack.CombinedOutput(); err != nil {
		cancel() // or the other would wait for a reader
		return errors.Join(fmt.Errorf("copy to %s: %w: %s", to, err, out), pack.Wait())
	}
	return pack.Wait()
}

func (r *reader) fatalf(b block, format string, args ...any) {
	r.t.Helper()
	r.t.Fatalf("%s:%d: %s", r.page, b.line, fmt.Sprintf(format, args...))
}
