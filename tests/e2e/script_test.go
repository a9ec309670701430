package e2e

import (
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/clusterctl/clusterctl/tests/sandbox"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// TestScripts runs each script of testdata/script on a systemd of its own, of
// every version. Beside the commands of testscript there are
//
//	install N             the cluster of the file web.cluster, with N workers
//	release NAME [BAD]    a directory /srv/build/NAME to deploy, and how it misbehaves
//	exits CODE COMMAND... a command in the sandbox, and the code that it ends with
func TestScripts(t *testing.T) {
	for _, version := range sandbox.Versions() {
		t.Run("systemd-"+version, func(t *testing.T) {
			t.Parallel()
			on := scripts{t, version}
			testscript.Run(t, testscript.Params{
				Dir:   "testdata/script",
				Setup: on.setUp,
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"install": on.install, "release": on.release, "exits": on.exits,
				},
			})
		})
	}
}

type scripts struct {
	t       *testing.T // of all scripts
	version string
}

type stageKey struct{}

func (on scripts) setUp(env *testscript.Env) error {
	box, err := sandbox.Boot(on.t.Context(), sandbox.Options{Version: on.version})
	if err != nil {
		return err
	}
	env.Defer(func() { _ = box.Close() })
	env.Values[stageKey{}], err = stage.Set(box, programs)
	return err
}

func stageOf(ts *testscript.TestScript) *stage.Stage { return ts.Value(stageKey{}).(*stage.Stage) }

func (on scripts) install(ts *testscript.TestScript, _ bool, args []string) {
	workers, err := strconv.Atoi(args[0])
	ts.Check(err)
	_, err = stageOf(ts).Install(on.t.Context(), "web", ts.ReadFile("web.cluster"), workers)
	ts.Check(err)
}

func (on scripts) release(ts *testscript.TestScript, _ bool, args []string) {
	bad := ""
	if len(args) > 1 {
		bad = args[1]
	}
	_, err := makeRelease(stageOf(ts), args[0], bad)
	ts.Check(err)
}

func (on scripts) exits(ts *testscript.TestScript, _ bool, args []string) {
	cmd := stageOf(ts).Command(on.t.Context(), args[1], args[2:]...)
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	if got := strconv.Itoa(cmd.ProcessState.ExitCode()); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}
