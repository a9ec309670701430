package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// fault is something that happens to a rollout on its way.
type fault struct {
	name    string
	happens func(*testing.T, *stage.Cluster)
	// outcomes are the phases in which the rollout may end.
	outcomes []string
	// loses says that requests in flight go down with a worker.
	loses bool
	// unseen says that it ends the watching.
	unseen bool
}

func command(name string, args ...string) func(*testing.T, *stage.Cluster) {
	return func(t *testing.T, web *stage.Cluster) { run(t, web, name, args...) }
}

// tried runs a command that may come too late.
func tried(name string, args ...string) func(*testing.T, *stage.Cluster) {
	return func(t *testing.T, web *stage.Cluster) { _, _ = web.Run(t.Context(), name, args...) }
}

var faults = []fault{
	{name: "SIGKILL of the engine", happens: tried("systemctl", "kill", "--signal=KILL", "clusterctl-rollout-web.service"), outcomes: []string{"Complete"}},
	{name: "SIGKILL of the watcher", happens: tried("pkill", "--signal", "KILL", "-f", stage.Clusterctl+" deploy .*"), outcomes: []string{"Complete"}, unseen: true},
	{name: "the watcher's terminal goes", happens: tried("pkill", "--signal", "HUP", "-f", stage.Clusterctl+" deploy .*"), outcomes: []string{"Complete"}, unseen: true},
	{name: "restart of the message bus", happens: restartBus, outcomes: []string{"Complete"}},
	{name: "daemon-reload", happens: command("systemctl", "daemon-reload"), outcomes: []string{"Complete"}},
	{name: "daemon-reexec", happens: command("systemctl", "daemon-reexec"), outcomes: []string{"Complete"}},
	{name: "a second rollout", happens: tried(stage.Clusterctl, "rollout", "restart", "web", "--detach"), outcomes: []string{"Complete"}},
	{name: "a change of the policy", happens: changePolicy, outcomes: []string{"Complete"}},
	{name: "SIGKILL of a worker", happens: tried("systemctl", "kill", "--signal=KILL", "web@3.service"), outcomes: []string{"Complete", "RolledBack"}, loses: true},
	{name: "stop of a worker", happens: tried("systemctl", "stop", "web@2.service"), outcomes: []string{"Complete", "RolledBack"}},
}

// restartBus cuts every connection to the message bus.
func restartBus(t *testing.T, web *stage.Cluster) {
	run(t, web, "systemctl", "reset-failed", "dbus.service") // else it meets its start limit
	run(t, web, "systemctl", "restart", "dbus.service")
}

func changePolicy(t *testing.T, web *stage.Cluster) {
	path := "/run/systemd/system/web.service.d/policy.conf"
	if err := web.WriteFile(path, []byte("[X-Cluster]\nMaxUnavailable=2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, web, "systemctl", "daemon-reload")
	run(t, web, "rm", path)
	run(t, web, "systemctl", "daemon-reload")
}

// Whatever happens at whatever step: the rollout goes through or back by
// itself, every worker serves on a release that the status names, and no
// request is lost that was not in a process that was killed.
func TestFaults_AtEveryStep(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		// A first, a middle and a last worker: more would only be more of the same.
		web := deployedTo(t, s, strings.Replace(withPolicy(""), "Workers=4", "Workers=3", 1), 3)
		releases := map[bool]string{false: release(t, s, "v1", ""), true: release(t, s, "v2", "")}
		next := true
		for _, fault := range faults {
			t.Run(fault.name, func(t *testing.T) {
				for step := 1; ; step++ {
					reached := injectAt(t, web, releases[next], step, fault)
					next = !onRelease(t, web, "v2")
					if !reached || t.Failed() {
						break
					}
				}
			})
		}
	})
}

// injectAt deploys, lets the fault happen after so many events, and holds what
// becomes of it against the rules. It returns false if there were fewer events.
func injectAt(t *testing.T, web *stage.Cluster, dir string, step int, f fault) bool {
	t.Helper()
	requests, err := web.Load(t.Context(), load.NewConnection, rate)
	if err != nil {
		t.Fatal(err)
	}
	watching, events := startDeploy(t, web, dir)
	reached := skipLines(events, step)
	if reached {
		f.happens(t, web)
	}
	watched := watching.Wait()
	for _, unit := range web.WorkerNames() {
		eventually(t, unit+" is active", func() bool {
			if property(t, web, unit, "ActiveState") == "inactive" {
				run(t, web, "systemctl", "start", unit) // the admin starts again what he stopped
			}
			return property(t, web, unit, "ActiveState") == "active"
		})
	}
	out, _ := web.Run(t.Context(), stage.Clusterctl, "rollout", "status", "web") // the exit code says the phase again
	status := latest(t, web)
	if !f.unseen {
		requireExit(t, watched, map[string]int{"Complete": 0, "RolledBack": 3}[status.Phase])
	}
	report := requests.Stop()
	switch {
	case !slices.Contains(f.outcomes, status.Phase):
		t.Errorf("step %d: the rollout ended as %s, wanted one of %q: %s", step, status.Phase, f.outcomes, out)
	case report.Failed > 0 && !f.loses:
		t.Errorf("step %d: requests were lost: %s", step, report)
	}
	requireTruth(t, web, status)
	return reached
}

// recorded is what "rollout history -o json" says of a rollout.
type recorded struct {
	Phase   string
	Release string `json:"release"`
}

func latest(t *testing.T, web *stage.Cluster) recorded {
	t.Helper()
	var runs []recorded
	if err := json.Unmarshal([]byte(run(t, web, stage.Clusterctl, "rollout", "history", "web", "-o", "json")), &runs); err != nil {
		t.Fatal(err)
	}
	for _, run := range slices.Backward(runs) {
		if run.Release != "" { // and not the second one, which may have come just after
			return run
		}
	}
	t.Fatal("no rollout to a release is recorded")
	return recorded{}
}

// requireTruth says that every worker is on the release that the status means.
func requireTruth(t *testing.T, web *stage.Cluster, status recorded) {
	t.Helper()
	links := strings.Fields(run(t, web, "sh", "-c", "readlink /var/lib/clusterctl/web/workers/[1-4]"))
	for i, link := range links {
		onTarget := strings.HasSuffix(link, "/"+status.Release)
		if onTarget != (status.Phase == "Complete") {
			t.Errorf("the rollout to %s ended as %s, and worker %d is on %s", status.Release, status.Phase, i+1, link)
		}
	}
	if len(links) != web.Workers {
		t.Errorf("%d workers have a release, wanted %d", len(links), web.Workers)
	}
}

func onRelease(t *testing.T, web *stage.Cluster, name string) bool {
	t.Helper()
	return strings.HasSuffix(strings.TrimSpace(run(t, web, "readlink", fmt.Sprintf("/var/lib/clusterctl/%s/workers/1", web.Name))), "/"+name)
}

// skipLines reads so many lines, goes on reading after them, and says whether
// there were so many.
func skipLines(r io.Reader, n int) bool {
	lines := bufio.NewScanner(r)
	for range n {
		if !lines.Scan() {
			return false
		}
	}
	go io.Copy(io.Discard, r)
	return true
}
