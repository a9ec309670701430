package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// withPolicy is the release spec with other lines in [Rollout].
func withPolicy(lines string) string {
	return strings.Replace(releaseSpec, "MinReadySec=2s\n", lines, 1)
}

func TestSurge_CapacityIsNeverBelowTheUsualNumber(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := deployed(t, s, withPolicy("MaxSurge=1\nMaxUnavailable=0\n"))
		requests, err := web.Load(t.Context(), load.KeepAlive, rate)
		if err != nil {
			t.Fatal(err)
		}
		since := strings.TrimSpace(run(t, web, "journalctl", "--no-pager", "--quiet", "--lines=1", "--output=export", "--output-fields=MESSAGE"))
		cursor := regexp.MustCompile(`(?m)^__CURSOR=(.*)$`).FindStringSubmatch(since)[1]
		run(t, web, stage.Clusterctl, "deploy", "web", release(t, s, "v2", ""))
		if report := requests.Stop(); report.Failed != 0 {
			t.Errorf("the rollout cost requests: %s", report)
		}
		requireRelease(t, web, "v2")
		if least := leastCapacity(t, web, cursor); least < 4 {
			t.Errorf("only %d of 4 workers were up at a time", least)
		}
		if state := property(t, web, "web@5.service", "ActiveState"); state != "inactive" {
			t.Errorf("web@5.service, beyond the usual number, is %s after the rollout", state)
		}
	})
}

// leastCapacity counts along what systemd itself wrote: a worker is there from
// "Started" until "Stopping".
func leastCapacity(t *testing.T, web *stage.Cluster, cursor string) int {
	t.Helper()
	journal := run(t, web, "journalctl", "--no-pager", "--quiet", "--after-cursor="+cursor, "--output=cat", "_PID=1")
	up, least, changes := web.Workers, web.Workers, 0
	for _, line := range regexp.MustCompile(`(?m)^(Started|Stopping) web@\d+\.service`).FindAllStringSubmatch(journal, -1) {
		changes++
		if line[1] == "Started" {
			up++
		} else {
			up--
		}
		least = min(least, up)
	}
	if want := 2*web.Workers + 2; changes != want {
		t.Errorf("systemd wrote of %d starts and stops, wanted %d:\n%s", changes, want, journal)
	}
	return least
}

// With a single worker and no surge there is a moment without any: requests
// wait in the socket.
func TestRollout_OfASingleWorkerLosesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web, err := s.Install(t.Context(), "web", strings.Replace(webSpec, "Workers=4", "Workers=1", 1), 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := web.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []load.Mode{load.KeepAlive, load.NewConnection} {
			t.Run(string(mode), func(t *testing.T) { rollUnderLoad(t, web, mode, 3) })
		}
	})
}

func TestCanary_IsHeldUntilSomebodyDecides(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := deployed(t, s, withPolicy("Canary=1\nCanaryHoldSec=infinity\n"))
		deploy := func(name string) {
			out, err := web.Run(t.Context(), stage.Clusterctl, "deploy", "web", release(t, s, name, ""))
			requireExit(t, err, 5)
			if want := fmt.Sprintf(`(release %q) is held: 1 of 4 workers updated, the canary is looked at`, name); !strings.Contains(out, want) {
				t.Errorf("the output has no %q:\n%s", want, out)
			}
			if links := run(t, web, "sh", "-c", "readlink /var/lib/clusterctl/web/workers/*"); strings.Count(links, name) != 1 {
				t.Errorf("held, and the links are\n%s", links)
			}
			out, err = web.Run(t.Context(), stage.Clusterctl, "rollout", "status", "web")
			requireExit(t, err, 5)
			if !strings.Contains(out, "is held") {
				t.Errorf("status: %s", out)
			}
		}
		deploy("v2")
		run(t, web, stage.Clusterctl, "rollout", "resume", "web")
		run(t, web, stage.Clusterctl, "rollout", "status", "web")
		requireRelease(t, web, "v2")

		deploy("v3")
		run(t, web, stage.Clusterctl, "rollout", "abort", "web")
		requireRelease(t, web, "v2")
		out, err := web.Run(t.Context(), stage.Clusterctl, "rollout", "status", "web")
		requireExit(t, err, 3)
		if !strings.Contains(out, "was rolled back: somebody said abort") {
			t.Errorf("status: %s", out)
		}
		out, err = web.Run(t.Context(), stage.Clusterctl, "rollout", "resume", "web")
		requireExit(t, err, 6)
		if !strings.Contains(out, `there is no rollout to resume`) {
			t.Errorf("resume of nothing: %s", out)
		}
	})
}

func TestPause_BeginsNothingNewUntilResume(t *testing.T) {
	s := newStage(t, "")
	web := deployed(t, s, withPolicy("MinReadySec=1s\n"))
	watching, events := startDeploy(t, web, release(t, s, "v2", ""))
	waitForLine(t, events, regexp.MustCompile(`"instance":"1","verb":"restart"`))
	if out := run(t, web, stage.Clusterctl, "rollout", "pause", "web"); !strings.Contains(out, "of 4 workers updated") {
		t.Errorf("pause: %s", out)
	}
	requireExit(t, watching.Wait(), 5)
	out, err := web.Run(t.Context(), stage.Clusterctl, "rollout", "status", "web", "--watch=false")
	requireExit(t, err, 5)
	if !strings.Contains(out, "is held: 1 of 4 workers updated, paused") {
		t.Errorf("status: %s", out)
	}
	run(t, web, stage.Clusterctl, "rollout", "resume", "web")
	run(t, web, stage.Clusterctl, "rollout", "status", "web")
	requireRelease(t, web, "v2")
}
