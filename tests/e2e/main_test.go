// Package e2e holds whole stories on a real systemd: units generated, workers
// rolled under load, nothing lost.
package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/clusterctl/clusterctl/tests/sandbox"
	"github.com/clusterctl/clusterctl/tests/stage"
)

var programs stage.Programs

func TestMain(m *testing.M) {
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "clusterctl-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs, err = stage.Build(context.Background(), dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// onEach runs a story on every systemd of the matrix.
func onEach(t *testing.T, story func(*testing.T, *stage.Stage)) {
	for _, version := range sandbox.Versions() {
		t.Run("systemd-"+version, func(t *testing.T) {
			t.Parallel() // each has a machine of its own, and mostly waits
			story(t, newStage(t, version))
		})
	}
}

func newStage(t *testing.T, version string) *stage.Stage {
	t.Helper()
	s, err := stage.Set(sandbox.Start(t, sandbox.Options{Version: version}), programs)
	if err != nil {
		t.Fatal(err)
	}
	s.Version = version
	return s
}

const webSpec = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080

[Rollout]
MaxUnavailable=1
Health=http /healthz

[Service]
ExecStart=/opt/workers/go-worker --instance %i --bad-file /run/bad
`

// startWeb is a running cluster of four Go workers.
func startWeb(t *testing.T, s *stage.Stage, spec string) *stage.Cluster {
	t.Helper()
	web, err := s.Install(t.Context(), "web", spec, 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := web.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return web
}
