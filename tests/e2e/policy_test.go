package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// withPolicy is the release spec with other lines in [Rollout].
func withPolicy(lines string) string {
	return strings.Replace(releaseSpec, "MinReadySec=2s\n", lines, 1)
}

// keepsLoaded is a unit that has systemd keep the timestamps of the worker beyond
// the usual number, which it would forget with its stop.
const keepsLoaded = "[Unit]\nAfter=web@5.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"

func TestSurge_CapacityIsNeverBelowTheUsualNumber(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := deployed(t, s, withPolicy("MaxSurge=1\nMaxUnavailable=0\n"))
		if err := web.WriteFile("/run/systemd/system/keeps-loaded.service", []byte(keepsLoaded), 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, web, "systemctl", "daemon-reload")
		run(t, web, "systemctl", "start", "keeps-loaded.service")
		requests, err := web.Load(t.Context(), load.KeepAlive, rate)
		if err != nil {
			t.Fatal(err)
		}
		run(t, web, stage.Clusterctl, "deploy", "web", release(t, s, "v2", ""))
		if report := requests.Stop(); report.Failed != 0 {
			t.Errorf("the rollout cost requests: %s", report)
		}
		requireRelease(t, web, "v2")
		if least := leastCapacity(t, web, "web@5.service"); least < 4 {
			t.Errorf("only %d of 4 workers were up at a time", least)
		}
		if state := property(t, web, "web@5.service", "ActiveState"); state != "inactive" {
			t.Errorf("web@5.service, beyond the usual number, is %s after the rollout", state)
		}
	})
}

// leastCapacity is how many workers there were at the worst moment of a rollout
// in which each was started once, by the timestamps of the units: a worker is
// there until its stop begins, and from its READY=1 on.
func leastCapacity(t *testing.T, web *stage.Cluster, surge string) int {
	t.Helper()
	const stopping, ready = "ActiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic"
	all, err := web.PropertiesOf(t.Context(), append(web.WorkerNames(), surge), stopping, ready)
	if err != nil {
		t.Fatal(err)
	}
	changes := make(map[int]int) // by moment
	for _, worker := range all {
		changes[number(t, worker[stopping])]--
		changes[number(t, worker[ready])]++
	}
	if len(changes) != 2*len(all) {
		t.Errorf("two changes have the same time, or a worker has none: %v", all)
	}
	up, least := web.Workers, web.Workers
	for _, moment := range slices.Sorted(maps.Keys(changes)) {
		up += changes[moment]
		least = min(least, up)
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
	onEach(t, func(t *testing.T, s *stage.Stage) {
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
	})
}

// A reload goes through the same batches and gates, and starts nobody anew.
func TestRolloutReload(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, webSpec+"Type=notify-reload\n")
		before := invocations(t, web)
		requests, err := web.Load(t.Context(), load.KeepAlive, rate)
		if err != nil {
			t.Fatal(err)
		}
		out := run(t, web, stage.Clusterctl, "rollout", "reload", "web")
		for i := range web.Workers {
			if want := fmt.Sprintf("web@%d.service updated (%d of 4)", i+1, i+1); !strings.Contains(out, want) {
				t.Errorf("the output has no %q:\n%s", want, out)
			}
		}
		for unit, invocation := range invocations(t, web) {
			if invocation != before[unit] {
				t.Errorf("%s was started anew", unit)
			}
		}
		if report := requests.Stop(); report.Failed != 0 {
			t.Errorf("the reload cost requests: %s", report)
		}
		if journal := run(t, web, "journalctl", "--no-pager", "--quiet", "--output=cat", "_PID=1"); strings.Count(journal, "Reloaded web@") != 4 {
			t.Errorf("systemd reloaded not every worker:\n%s", journal)
		}
	})
}

// The plan is what is done, and nothing is done by it.
func TestDryRun_IsWhatIsDone(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := deployed(t, s, withPolicy("MaxSurge=1\nMaxUnavailable=1\nCanary=1\n"))
		before := invocations(t, web)
		plan := run(t, web, stage.Clusterctl, "rollout", "restart", "web", "--dry-run")
		const want = `batch 1 of 5:
  switch web@5.service to "v1", restart
batch 2 of 5:
  restart web@1.service
batch 3 of 5:
  restart web@2.service
  restart web@3.service
batch 4 of 5:
  restart web@4.service
batch 5 of 5:
  stop web@5.service
`
		if plan != want {
			t.Errorf("the plan is\n%swanted\n%s", plan, want)
		}
		for unit, invocation := range invocations(t, web) {
			if invocation != before[unit] {
				t.Errorf("the plan restarted %s", unit)
			}
		}
		plan = run(t, web, stage.Clusterctl, "deploy", "web", release(t, s, "v2", ""), "--dry-run")
		if want := "batch 2 of 5:\n  switch web@1.service from \"v1\" to \"v2\", restart\n"; !strings.Contains(plan, want) {
			t.Errorf("the plan of a deploy has no %q:\n%s", want, plan)
		}
		if releases := run(t, web, stage.Clusterctl, "releases", "web"); strings.Contains(releases, "v2") {
			t.Errorf("the plan added the release:\n%s", releases)
		}
		out := run(t, web, stage.Clusterctl, "rollout", "restart", "web")
		if want := "restarting web@2.service, web@3.service\n"; !strings.Contains(out, want) {
			t.Errorf("what was done has no %q:\n%s", want, out)
		}
	})
}

// A worker without the library accepts before anybody has asked it: a release
// that is sick then costs at most its share until the gate finds it.
func TestDeploy_ASickWorkerWithoutTheLibraryCostsOneBatchForOneGate(t *testing.T) {
	const workers, threshold, interval = 4, 2, "200ms"
	onEach(t, func(t *testing.T, s *stage.Stage) {
		spec := `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080

[Rollout]
Health=exec grep -qs healthy /var/lib/clusterctl/web/workers/%i/health
HealthIntervalSec=` + interval + `
HealthThreshold=` + fmt.Sprint(threshold) + `

[Service]
ExecStart=bin/server --instance %i
`
		web := deployed(t, s, spec) // v1 has no file "health", and a stopped cluster asks nobody
		sick := release(t, s, "sick", "error")
		good := release(t, s, "v2", "")
		if err := s.WriteFile(good+"/health", []byte("healthy\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, web, stage.Clusterctl, "deploy", "web", good)

		requests, err := web.Load(t.Context(), load.NewConnection, rate)
		if err != nil {
			t.Fatal(err)
		}
		out, err := web.Run(t.Context(), stage.Clusterctl, "deploy", "web", sick)
		report := requests.Stop()
		requireExit(t, err, 3)
		if !strings.Contains(out, "its health check failed 2 times in a row") {
			t.Errorf("the output: %s", out)
		}
		requireRelease(t, web, "v2")
		for instance, n := range report.PerWorker {
			t.Logf("worker %s answered %d requests", instance, n)
		}
		if bad := report.PerRelease["sick"]; report.Failed != report.Statuses[500] || report.Failed > report.Requests/2 || bad > report.Requests/2 {
			t.Errorf("more than one worker's share for one gate: %s", report)
		}
	})
}
