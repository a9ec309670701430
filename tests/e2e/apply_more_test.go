package e2e

import (
	"encoding/json"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// applyDropIns: the text of a worker is its unit and all of its drop-ins, whether
// systemd has read them or not.
func applyDropIns(t *testing.T, web *applied) {
	nice := func(unit string) string { return "/etc/systemd/system/" + unit + ".d/nice.conf" }
	for _, tt := range []struct {
		unit, steps string
		reload      bool
	}{
		{"web@.service", "reload roll", false},
		{"web@.service", "roll", true}, // as "systemctl edit" does
		{"web@2.service", "roll", true},
		{"web-admin@.socket", "roll", true},
		{"web.socket", "renew roll", true},
		{"web.service", "", true},
	} {
		text := "[Unit]\nDescription=Another\n"
		if err := web.WriteFile(nice(tt.unit), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if tt.reload {
			run(t, web.Cluster, "systemctl", "daemon-reload")
		}
		before := web.requireUp(t, 4)
		web.apply(t, tt.steps)
		if tt.steps != "" {
			requireRolled(t, before, web.requireUp(t, 4))
		}
		// Taken away and read by somebody else: nothing of it is left to be seen.
		run(t, web.Cluster, "rm", "-r", path.Dir(nice(tt.unit)))
		run(t, web.Cluster, "systemctl", "daemon-reload")
		web.apply(t, strings.TrimPrefix(tt.steps, "reload "))
	}
}

// applyDrift: units that somebody has changed, stopped or disabled are again as
// the file says.
func applyDrift(t *testing.T, web *applied) {
	const units = "/etc/systemd/system/"
	run(t, web.Cluster, "rm", units+"web-activate.service")
	web.apply(t, "write reload")
	run(t, web.Cluster, "sed", "-i", "s/^KillMode=.*/KillMode=process/", units+"web@.service")
	web.apply(t, "write reload") // no worker has seen it
	run(t, web.Cluster, "systemctl", "disable", "web.service", "web@3.service")
	web.apply(t, "enable reload")
	run(t, web.Cluster, "systemctl", "stop", "web@2.service")
	web.apply(t, "start")
	run(t, web.Cluster, "systemctl", "restart", "web.socket")
	web.apply(t, "roll")
	run(t, web.Cluster, "systemctl", "enable", "--now", "web@5.service")
	web.apply(t, "disable reload drain")
	// A worker of somebody's own is no number, and is left alone.
	run(t, web.Cluster, "systemctl", "start", "web@blue.service")
	web.apply(t, "")
	run(t, web.Cluster, "systemctl", "stop", "web@blue.service")
	run(t, web.Cluster, "rm", "/var/lib/clusterctl/web/applied.json")
	web.apply(t, "roll") // the last reload is younger than the workers
}

// applyBad: a worker that does not come back stops the rollout, the others serve as
// before, and the way back is the same command.
func applyBad(t *testing.T, web *applied) {
	before := web.requireUp(t, 4)
	web.change(t, "[Service]\n", "[Service]\nEnvironment=WORKER_BAD=exit\n")
	for range 2 { // again goes on from there
		out, err := web.Run(t.Context(), stage.Clusterctl, "apply", "web")
		requireExit(t, err, 1)
		for _, want := range []string{"will roll ", `worker "web@1.service": the restart job ended with the result "failed"`, "hint: journalctl --unit web@1.service -n 50"} {
			if !strings.Contains(out, want) {
				t.Errorf("the output has no %q:\n%s", want, out)
			}
		}
		for _, unit := range web.WorkerNames()[1:] {
			if got := property(t, web.Cluster, unit, "InvocationID"); got != before[unit] {
				t.Errorf("%s was touched", unit)
			}
		}
	}
	web.change(t, "Environment=WORKER_BAD=exit\n", "")
	web.apply(t, "write reload roll")
}

// applyRefusals: two who work at once, and files that are not ours. Nothing is
// changed.
func applyRefusals(t *testing.T, web *applied) {
	refused := func(code int, want string) {
		t.Helper()
		out, err := web.Run(t.Context(), stage.Clusterctl, "apply", "web")
		requireExit(t, err, code)
		if !strings.Contains(out, want) || strings.Contains(out, "done: ") {
			t.Errorf("wanted %q and nothing done:\n%s", want, out)
		}
	}
	const hold = "Canary=1\nCanaryHoldSec=infinity\n"
	web.change(t, "[Rollout]\n", "[Rollout]\n"+hold)
	web.apply(t, "write reload")
	_, err := web.Run(t.Context(), stage.Clusterctl, "rollout", "restart", "web")
	requireExit(t, err, 5)
	refused(6, `cluster "web": another rollout is under way`)
	run(t, web.Cluster, stage.Clusterctl, "rollout", "resume", "web")
	run(t, web.Cluster, stage.Clusterctl, "rollout", "status", "web")
	web.change(t, hold, "")

	holder, told := holdClaim(t, web)
	refused(6, told)
	run(t, web.Cluster, "systemctl", "stop", holder)

	run(t, web.Cluster, "mv", "/etc/systemd/system/web.socket", "/run/web.socket")
	if err := web.WriteFile("/etc/systemd/system/web.socket", []byte("[Socket]\nListenStream=80\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused(1, `web.socket" exists and was not written by clusterctl`)
	run(t, web.Cluster, "mv", "/run/web.socket", "/etc/systemd/system/web.socket")
	web.apply(t, "write reload")
}

// holdClaim has another operator be at work, and returns its unit and its words.
func holdClaim(t *testing.T, web *applied) (unit, told string) {
	t.Helper()
	const claim = "/var/lib/clusterctl/web/operator.lock"
	run(t, web.Cluster, "systemd-run", "--quiet", "--unit=holder", "flock", claim, "sh", "-c", "echo scale, by ada > "+claim+"; exec sleep infinity")
	eventually(t, "the claim is held", func() bool {
		return strings.TrimSpace(run(t, web.Cluster, "cat", claim)) == "scale, by ada"
	})
	return "holder.service", "scale, by ada"
}

// applyKilled: killed after each of its steps, there and back, the next apply does
// the rest. What systemd has to do with it is the same in every version, so that
// one goes through all of the steps.
func applyKilled(t *testing.T, web *applied) {
	type version struct {
		text, backlog string
		workers       int
	}
	old := version{"Workers=4\nHardening=no\nListen=http=127.0.0.1:8080\n", "", 4}
	changed := version{"Workers=3\nHardening=no\nListen=http=127.0.0.1:8080 backlog=99\nListen=more=/run/more.sock\n", "99", 3}
	old.backlog = backlog(t, web)
	from, to := old, changed
	steps, stride := 0, 1
	if web.Version != "host" {
		stride = 3
	}
	for over := false; !over || from != old; from, to = to, from {
		web.change(t, from.text, to.text)
		over = killAfter(t, web, steps+1)
		run(t, web.Cluster, stage.Clusterctl, "apply", "web")
		web.requireUp(t, to.workers)
		web.apply(t, "")
		if got := backlog(t, web); got != to.backlog {
			t.Errorf("killed after %d steps: the backlog is %s, wanted %s", steps+1, got, to.backlog)
		}
		if !over {
			steps += stride
		}
	}
	if steps < 6 {
		t.Errorf("it was killed in %d places, wanted more", steps)
	}
}

// backlog is that of the one listener that is there.
func backlog(t *testing.T, web *applied) string {
	t.Helper()
	out := run(t, web.Cluster, "ss", "-Hltn", "sport = :8080")
	if strings.Count(out, "\n") != 1 {
		t.Errorf("wanted one listener: %s", out)
	}
	return strings.Fields(out)[2]
}

// killAfter begins an apply and kills it when so many of its steps are done. It
// says whether it was over before that.
func killAfter(t *testing.T, web *applied, steps int) (over bool) {
	t.Helper()
	watching, events := start(t, web.Cluster, "apply", "web", "-o", "json")
	decoder := json.NewDecoder(events)
	for steps > 0 {
		var event applyEvent
		if err := decoder.Decode(&event); err != nil {
			requireExit(t, watching.Wait(), 0)
			return true
		}
		if event.Event == "done" && event.Revision == 0 {
			steps--
		}
	}
	// It may be over by now.
	_, _ = web.Run(t.Context(), "pkill", "--signal", "KILL", "-x", "-f", stage.Clusterctl+" apply web -o json")
	_ = watching.Wait()
	return false
}

// applyLazy: only the socket is started, and a cluster that is up is treated like
// any other.
func applyLazy(t *testing.T, s *stage.Stage) {
	idle := &applied{&stage.Cluster{Stage: s, Name: "idle"}, strings.NewReplacer(
		"[Cluster]\nWorkers=4\n", "[Cluster]\nStart=lazy\nWorkers=2\n", ":8080", ":8090").Replace(applySpec)}
	idle.write(t)
	idle.apply(t, "write enable reload listen")
	idle.requireUp(t, 0)
	idle.apply(t, "")
	requireAnswer(t, idle, "127.0.0.1:8090")
	eventually(t, "both workers are up", func() bool {
		return property(t, idle.Cluster, "idle@1.service", "ActiveState") == "active" && property(t, idle.Cluster, "idle@2.service", "ActiveState") == "active"
	})
	idle.apply(t, "")
	idle.change(t, "[Service]\n", "[Service]\nNice=1\n")
	idle.apply(t, "write reload roll")
	idle.change(t, "Start=lazy", "Start=boot")
	idle.apply(t, "write enable reload")
	idle.change(t, "Start=boot", "Start=lazy")
	idle.apply(t, "disable write enable reload")
	if _, err := os.Lstat(s.Path("/etc/systemd/system/multi-user.target.wants/idle.service")); err == nil {
		t.Error("a lazy cluster starts at boot")
	}
	idle.requireUp(t, 2)
}

// applyReleases: without a release nothing starts, and a worker more gets the one
// that the others run.
func applyReleases(t *testing.T, s *stage.Stage) {
	shop := &applied{&stage.Cluster{Stage: s, Name: "shop"}, strings.NewReplacer(
		"Workers=4", "Workers=2", ":8080", ":8091", "/opt/workers/go-worker", "bin/server").Replace(applySpec)}
	shop.write(t)
	out, err := shop.Run(t.Context(), stage.Clusterctl, "apply", "shop")
	requireExit(t, err, 1)
	if !strings.Contains(out, `cluster "shop" has no release yet, so shop@1.service, shop@2.service can't start`) {
		t.Errorf("without a release: %s", out)
	}
	run(t, shop.Cluster, stage.Clusterctl, "deploy", "shop", release(t, s, "v1", ""))
	shop.apply(t, "start")
	shop.change(t, "Workers=2", "Workers=3")
	shop.apply(t, "enable reload link start")
	shop.requireUp(t, 3)
	shop.change(t, "Workers=3", "Workers=1")
	shop.apply(t, "disable reload drain")
	if links := strings.Fields(run(t, shop.Cluster, "ls", "/var/lib/clusterctl/shop/workers")); len(links) != 1 {
		t.Errorf("workers that are gone have releases: %q", links)
	}
}

// applyPackage: units that a package has brought stay its own as long as they are
// as wanted; then those of the administrator take their place, and what runs is
// rolled only if its text is another.
func applyPackage(t *testing.T, s *stage.Stage) {
	pack := &applied{&stage.Cluster{Stage: s, Name: "pack"}, strings.NewReplacer("Workers=4", "Workers=2", ":8080", ":8092").Replace(applySpec)}
	const file, dropIn = "/srv/pack/usr/lib/clusterctl/pack.cluster", "/etc/clusterctl/pack.cluster.d/50-scale.conf"
	change := func(text string) {
		t.Helper()
		if err := s.WriteFile(dropIn, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.WriteFile(file, []byte(pack.spec), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, pack.Cluster, stage.Clusterctl, "generate", file, "--root", "/srv/pack")
	run(t, pack.Cluster, "cp", "-r", "/srv/pack/usr", "/")
	pack.apply(t, "enable reload listen start")
	change("[Cluster]\nWorkers=3\n")
	pack.apply(t, "enable reload start")
	if _, err := os.Lstat(s.Path("/etc/systemd/system/pack.service")); err == nil {
		t.Error("the number of workers has made the units of the package the administrator's")
	}
	before := pack.requireUp(t, 3)
	change("[Cluster]\nWorkers=3\n[Rollout]\nMinReadySec=10ms\n")
	pack.apply(t, "write reload")
	requireSame(t, before, pack.requireUp(t, 3))
	change("[Cluster]\nWorkers=3\n[Service]\nNice=1\n")
	pack.apply(t, "write reload roll")
	requireRolled(t, before, pack.requireUp(t, 3))
	change("[Cluster]\nWorkers=3\nAdmin=no\n[Rollout]\nHealth=none\n")
	pack.apply(t, "write reload roll close")
	if state := property(t, pack.Cluster, "pack-admin@2.socket", "ActiveState"); state != "inactive" {
		t.Errorf("the admin socket that nobody holds is %s", state)
	}
	pack.apply(t, "")
}
