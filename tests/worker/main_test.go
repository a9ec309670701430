// Package worker tests the sample workers, in Go and in other languages, each
// alone: with sockets passed as systemd passes them, held against the contract,
// stopped and started under load.
package worker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// built is where the Go worker is.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "clusterctl-worker-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = filepath.Join(dir, "go-worker")
	build := exec.Command("go", "build", "-trimpath", "-o", built, "./go")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as everywhere, so that nothing is compiled twice
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build ./go: %v\n%s", err, out)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}
