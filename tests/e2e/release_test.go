package e2e

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

const releaseSpec = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080

[Rollout]
MinReadySec=2s
Health=http /healthz
HealthIntervalSec=200ms

[Service]
ExecStart=bin/server --instance %i
TimeoutStartSec=3s
RestartSec=200ms
`

// release makes a directory with the sample worker, told by its environment
// file what release it is and how it misbehaves, and returns its path.
func release(t *testing.T, s *stage.Stage, name, bad string) string {
	t.Helper()
	dir, err := makeRelease(s, name, bad)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func makeRelease(s *stage.Stage, name, bad string) (string, error) {
	dir := path.Join("/srv/build", name)
	if err := s.CopyFile(programs.GoWorker, path.Join(dir, "bin/server"), 0o755); err != nil {
		return "", err
	}
	environment := fmt.Sprintf("WORKER_RELEASE=%s\nWORKER_BAD=%s\n", name, bad)
	return dir, s.WriteFile(path.Join(dir, "environment"), []byte(environment), 0o644)
}

// deployed is a running cluster whose workers run the release v1.
func deployed(t *testing.T, s *stage.Stage, spec string) *stage.Cluster {
	t.Helper()
	return deployedTo(t, s, spec, 4)
}

func deployedTo(t *testing.T, s *stage.Stage, spec string, workers int) *stage.Cluster {
	t.Helper()
	web, err := s.Install(t.Context(), "web", spec, workers)
	if err != nil {
		t.Fatal(err)
	}
	out := run(t, web, stage.Clusterctl, "deploy", "web", release(t, s, "v1", ""))
	if !strings.Contains(out, `successfully rolled out: revision 1 (release "v1")`) {
		t.Errorf("the first deploy: %s", out)
	}
	if state := property(t, web, "web@1.service", "ActiveState"); state != "inactive" {
		t.Errorf("a deploy to a stopped cluster started web@1: %s", state)
	}
	if err := web.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return web
}

// requireRelease says that every worker's link points at the release, and that
// every worker that answers runs it.
func requireRelease(t *testing.T, web *stage.Cluster, name string) {
	t.Helper()
	for i := range web.Workers {
		if link := run(t, web, "readlink", fmt.Sprintf("/var/lib/clusterctl/web/workers/%d", i+1)); path.Base(strings.TrimSpace(link)) != name {
			t.Errorf("worker %d is linked to %s, wanted %s", i+1, link, name)
		}
	}
	for range 40 {
		if release := get(t, web).Get("X-Release"); release != name {
			t.Errorf("an answer came from release %q, wanted %q", release, name)
		}
	}
}

func TestDeploy_AGoodReleaseAndBack(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := deployed(t, s, strings.Replace(releaseSpec, "MinReadySec=2s\n", "", 1))
		requests, err := web.Load(t.Context(), load.KeepAlive, rate)
		if err != nil {
			t.Fatal(err)
		}
		run(t, web, stage.Clusterctl, "deploy", "web", release(t, s, "v2", ""))
		requireRelease(t, web, "v2")
		run(t, web, stage.Clusterctl, "rollout", "undo", "web")
		requireRelease(t, web, "v1")
		run(t, web, stage.Clusterctl, "rollout", "undo", "web", "--to-revision", "2")
		requireRelease(t, web, "v2")
		if report := requests.Stop(); report.Failed != 0 {
			t.Errorf("releases cost requests: %s", report)
		}
		history := run(t, web, stage.Clusterctl, "rollout", "history", "web")
		if strings.Count(history, "Complete") != 4 {
			t.Errorf("history:\n%s", history)
		}
		if releases := run(t, web, stage.Clusterctl, "releases", "web"); !strings.Contains(releases, "1,2,3,4") {
			t.Errorf("releases:\n%s", releases)
		}
	})
}

func TestDeploy_AnArchiveAndWhatIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := deployed(t, s, withPolicy("RevisionHistoryLimit=1\n"))
		for _, name := range []string{"v2", "v3"} {
			archive := "/srv/" + name + ".tar.gz"
			run(t, web, "tar", "-C", release(t, s, name, ""), "-czf", archive, ".")
			sum := strings.Fields(run(t, web, "sha256sum", archive))[0]
			out, err := web.Run(t.Context(), stage.Clusterctl, "deploy", "web", archive, "--sha256", strings.Repeat("0", 64))
			requireExit(t, err, 1)
			if !strings.Contains(out, "the archive is another one: its sha256 is "+sum) {
				t.Errorf("another sum: %s", out)
			}
			run(t, web, stage.Clusterctl, "deploy", "web", archive, "--sha256", sum)
			requireRelease(t, web, name)
		}
		left := strings.Fields(run(t, web, "ls", "/var/lib/clusterctl/web/releases"))
		if got := strings.Join(left, " "); got != "v2 v3" {
			t.Errorf("left are %s, wanted v2 (to go back to) and v3", got)
		}
		run(t, web, stage.Clusterctl, "rollout", "undo", "web")
		requireRelease(t, web, "v2")
	})
}

// A bad release costs nothing: the worker that gets it first never accepts from
// the shared listener, and the cluster goes back by itself. Only a release that
// crashes after it was ready can cost what that one worker had in flight.
func TestDeploy_ABadReleaseIsTakenBack(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := deployed(t, s, releaseSpec)
		revision := 1
		for _, story := range []struct {
			bad, why, lastWords string
			inFlightOnly        bool
		}{
			{"exit", `the restart job ended with the result "failed"`, "exiting, as told by --bad exit", false},
			{"never-ready", `the restart job ended with the result`, "", false},
			// A worker with the library asks itself before it says READY=1.
			{"unhealthy", `the restart job ended with the result`, "", false},
			{"crash", "it ended after READY=1", "crashing, as told by --bad crash", true},
		} {
			t.Run(story.bad, func(t *testing.T) {
				revision++
				before := invocations(t, web)
				requests, err := web.Load(t.Context(), load.NewConnection, rate)
				if err != nil {
					t.Fatal(err)
				}
				out, err := web.Run(t.Context(), stage.Clusterctl, "deploy", "web", release(t, s, story.bad, story.bad))
				report := requests.Stop()
				requireExit(t, err, 3)
				for _, want := range []string{
					fmt.Sprintf(`rollout of "web" to revision %d (release %q) was rolled back: worker "web@1.service": %s`, revision, story.bad, story.why),
					story.lastWords,
					"hint: journalctl --unit web@1.service -n 50",
				} {
					if !strings.Contains(out, want) {
						t.Errorf("the output has no %q:\n%s", want, out)
					}
				}
				switch {
				case !story.inFlightOnly && report.Failed != 0:
					t.Errorf("a release that never accepted cost requests: %s", report)
				case report.Failed > 3:
					// New connections at 300/s are answered in a millisecond,
					// so one or two are in flight in the one worker.
					t.Errorf("more than what one worker had in flight: %s", report)
				}
				t.Logf("%d requests, %d failed", report.Requests, report.Failed)
				requireRelease(t, web, "v1")
				for unit, invocation := range invocations(t, web) {
					if touched := invocation != before[unit]; touched != (unit == "web@1.service") {
						t.Errorf("%s was touched: %v", unit, touched)
					}
				}
				out, err = web.Run(t.Context(), stage.Clusterctl, "rollout", "status", "web")
				requireExit(t, err, 3)
				if !strings.Contains(out, "was rolled back") {
					t.Errorf("status: %s", out)
				}
			})
		}
	})
}
