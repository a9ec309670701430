package e2e

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// rate is how many requests per second run against a cluster while it is
// rolled.
const rate = 300

func TestRolloutRestart_TenInARowUnderLoadLoseNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, webSpec)
		for _, mode := range []load.Mode{load.KeepAlive, load.NewConnection} {
			t.Run(string(mode), func(t *testing.T) { rollUnderLoad(t, web, mode, 10) })
		}
	})
}

func rollUnderLoad(t *testing.T, c *stage.Cluster, mode load.Mode, times int) {
	t.Helper()
	before := invocations(t, c)
	run, err := c.Load(t.Context(), mode, rate)
	if err != nil {
		t.Fatal(err)
	}
	for range times {
		if out, err := c.Run(t.Context(), stage.Clusterctl, "rollout", "restart", c.Name); err != nil {
			t.Errorf("rollout restart: %v\n%s", err, out)
		}
	}
	report := run.Stop()
	t.Logf("%s", report)
	if report.Failed != 0 || report.Requests == 0 {
		t.Errorf("%d of %d requests failed", report.Failed, report.Requests)
	}
	for unit, invocation := range invocations(t, c) {
		if invocation == before[unit] {
			t.Errorf("%s was not restarted", unit)
		}
	}
}

// invocations are the starts that the workers are in, by unit; all must be up.
func invocations(t *testing.T, c *stage.Cluster) map[string]string {
	t.Helper()
	all, err := c.PropertiesOf(t.Context(), c.WorkerNames(), "Id", "ActiveState", "InvocationID")
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]string)
	for _, properties := range all {
		if properties["ActiveState"] != "active" {
			t.Errorf("%s is %s", properties["Id"], properties["ActiveState"])
		}
		ids[properties["Id"]] = properties["InvocationID"]
	}
	return ids
}

func TestReload_OfTheClusterIsARollout(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, webSpec)
		before := invocations(t, web)
		if _, err := web.Run(t.Context(), "systemctl", "reload", "web.service"); err != nil {
			t.Fatal(err)
		}
		for unit, invocation := range invocations(t, web) {
			if invocation == before[unit] {
				t.Errorf("%s was not restarted by systemctl reload web", unit)
			}
		}
	})
}

// A worker that does not come back stops the rollout: one clear line, its
// journal, the exit code, and the others go on serving.
func TestRolloutRestart_AWorkerThatDoesNotComeBackStopsIt(t *testing.T) {
	tests := []struct {
		bad, message string
	}{
		{"exit", `worker "web@1.service": the restart job ended with the result "failed"`},
		{"never-ready", `worker "web@1.service": `},
		{"unhealthy", `worker "web@1.service": `},
	}
	for _, tt := range tests {
		t.Run(tt.bad, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "")
			spec := webSpec + "TimeoutStartSec=3\n"
			web := startWeb(t, s, spec)
			before := invocations(t, web)
			if err := web.WriteFile("/run/bad", []byte(tt.bad), 0o644); err != nil {
				t.Fatal(err)
			}
			run, err := web.Load(t.Context(), load.NewConnection, rate)
			if err != nil {
				t.Fatal(err)
			}
			out, err := web.Run(t.Context(), stage.Clusterctl, "rollout", "restart", "web")
			report := run.Stop()
			requireExit(t, err, 1)
			for _, want := range []string{tt.message, "the last lines of web@1.service:", "hint: journalctl --unit web@1.service -n 50"} {
				if !strings.Contains(out, want) {
					t.Errorf("the output has no %q:\n%s", want, out)
				}
			}
			if report.Failed != 0 {
				t.Errorf("a worker that never accepted cost requests: %s", report)
			}
			for _, unit := range web.WorkerNames()[1:] {
				now, err := web.Properties(t.Context(), unit, "ActiveState", "InvocationID")
				if err != nil {
					t.Fatal(err)
				}
				if now["ActiveState"] != "active" || now["InvocationID"] != before[unit] {
					t.Errorf("%s was touched: %v", unit, now)
				}
			}
			out, err = web.Run(t.Context(), stage.Clusterctl, "rollout", "status", "web")
			requireExit(t, err, 1)
			if !strings.Contains(out, `rollout of "web" to revision 1 failed: worker "web@1.service": `) {
				t.Errorf("status: %s", out)
			}
		})
	}
}

// The engine is a unit of its own: killed, systemd starts it again, and it goes
// on from its journal; who watches sees the end.
func TestRollout_SigkillOfTheEngineCostsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, strings.Replace(webSpec, "go-worker", "go-worker --warmup 200ms", 1))
		before := invocations(t, web)
		requests, err := web.Load(t.Context(), load.KeepAlive, rate)
		if err != nil {
			t.Fatal(err)
		}
		watching, events := startRollout(t, web)
		waitForLine(t, events, regexp.MustCompile(`"available":\["2"\]`))
		run(t, web, "systemctl", "kill", "--signal=KILL", "clusterctl-rollout-web.service")
		requireExit(t, watching.Wait(), 0)
		for unit, invocation := range invocations(t, web) {
			if invocation == before[unit] {
				t.Errorf("%s was not restarted", unit)
			}
		}
		if out := run(t, web, stage.Clusterctl, "rollout", "status", "web"); !strings.Contains(out, "successfully rolled out: revision 1") {
			t.Errorf("status: %s", out)
		}
		if report := requests.Stop(); report.Failed != 0 {
			t.Errorf("the engine's death cost requests: %s", report)
		}
	})
}

// Who watches is not needed: Ctrl-C, a lost terminal and SIGKILL end the
// watching only.
func TestRollout_GoesOnWithoutItsWatcher(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, strings.Replace(webSpec, "go-worker", "go-worker --warmup 200ms", 1))
		for _, signal := range []string{"INT", "HUP", "KILL"} {
			t.Run(signal, func(t *testing.T) {
				before := invocations(t, web)
				watching, events := startRollout(t, web)
				waitForLine(t, events, regexp.MustCompile(`"do":\[{"id":1,"instance":"1"`))
				run(t, web, "pkill", "--signal", signal, "--oldest", "-x", "-f", stage.Clusterctl+" rollout restart .*")
				err := watching.Wait()
				if signal != "KILL" {
					requireExit(t, err, 4)
				}
				if out := run(t, web, stage.Clusterctl, "rollout", "status", "web"); !strings.Contains(out, "successfully rolled out") {
					t.Errorf("status: %s", out)
				}
				for unit, invocation := range invocations(t, web) {
					if invocation == before[unit] {
						t.Errorf("%s was not restarted", unit)
					}
				}
			})
		}
	})
}

// startRollout begins a rollout with JSON events, which can be waited for.
func startRollout(t *testing.T, web *stage.Cluster) (*exec.Cmd, io.Reader) {
	t.Helper()
	return start(t, web, "rollout", "restart", web.Name, "-o", "json")
}

func startDeploy(t *testing.T, web *stage.Cluster, dir string) (*exec.Cmd, io.Reader) {
	t.Helper()
	return start(t, web, "deploy", web.Name, dir, "-o", "json")
}

func start(t *testing.T, web *stage.Cluster, args ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	watching := web.Command(t.Context(), stage.Clusterctl, args...)
	watching.Stderr = os.Stderr
	events, err := watching.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watching.Start(); err != nil {
		t.Fatal(err)
	}
	return watching, events
}

func requireExit(t *testing.T, err error, code int) {
	t.Helper()
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		t.Fatalf("no exit code: %v", err)
	}
	if got != code {
		t.Errorf("exit code %d, want %d (%v)", got, code, err)
	}
}

// A worker that waits for its automatic restart keeps its NRestarts over a
// restart that somebody asks for; that must not look like a crash of the new
// start.
func TestRolloutRestart_TakesAWorkerOutOfItsCrashLoop(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, layoutSpec)
		spoil(t, web, "3")
		run(t, web, "systemctl", "kill", "--signal=KILL", "web@3.service")
		eventually(t, "web@3 is in a crash loop", func() bool {
			return number(t, property(t, web, "web@3.service", "NRestarts")) > 2
		})
		if err := web.WriteFile("/run/systemd/system/web@.service.d/slow.conf", []byte("[Service]\nRestartSec=1h\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, web, "systemctl", "daemon-reload")
		eventually(t, "web@3 waits for its automatic restart", func() bool {
			return property(t, web, "web@3.service", "SubState") == "auto-restart"
		})
		mend(t, web, "3")
		run(t, web, stage.Clusterctl, "rollout", "restart", "web")
		invocations(t, web)
	})
}
