package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// What an operator does to workers, on every version, under load: nobody notices.
func TestOperate(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, operateSpec)
		clients, err := web.Load(t.Context(), load.KeepAlive, 100)
		if err != nil {
			t.Fatal(err)
		}
		t.Run("drain", func(t *testing.T) { testDrain(t, web) })
		t.Run("stop and start", func(t *testing.T) { testStopStart(t, web) })
		t.Run("scale", func(t *testing.T) { testScale(t, web) })
		t.Run("in a rollout", func(t *testing.T) { testOperateInRollout(t, web) })
		t.Run("two operators", func(t *testing.T) { testTwoOperators(t, web) })
		report := clients.Stop()
		if report.Failed > 0 || report.Requests == 0 {
			t.Errorf("the clients have noticed: %s", report)
		}
		t.Run("completion", func(t *testing.T) { testCompletion(t, web) })
		t.Run("refused", func(t *testing.T) { testOperateRefused(t, web) })
		t.Run("a worker that does not come back", func(t *testing.T) { testRestartFails(t, web) })
	})
}

func (o operator) succeeds(want string, args ...string) {
	o.t.Helper()
	requireMatch(o.t, run(o.t, o.web, stage.Clusterctl, args...), `\A`+want+`\z`)
}

func (o operator) fails(code int, want string, args ...string) {
	o.t.Helper()
	out, err := o.web.Run(o.t.Context(), stage.Clusterctl, args...)
	requireExit(o.t, err, code)
	requireMatch(o.t, out, want)
}

// operator types commands on a cluster.
type operator struct {
	t   *testing.T
	web *stage.Cluster
}

func (o operator) sees(pattern string) {
	o.t.Helper()
	requireMatch(o.t, run(o.t, o.web, stage.Clusterctl, "status", "web"), pattern)
}

func testDrain(t *testing.T, web *stage.Cluster) {
	o := operator{t, web}
	o.succeeds("web@3.service is out of service\nweb@3.service is drained\n", "drain", "web@3", "--wait", "--timeout", "1m")
	o.sees(`^web@3\.service +active \(drained\) `)
	o.sees(`^web@3\.service: is out of service \(drained\)\n  hint: clusterctl undrain web@3$`)
	o.succeeds("web@3.service is out of service already\n", "drain", "web@3")
	o.fails(6, `\Aclusterctl: cluster "web": that would leave 2 of 4 workers in service, and the policy keeps 3 \(MaxUnavailable=1\)\nhint: clusterctl drain web@4 --force .*\n\z`, "drain", "web@4")
	o.succeeds("web@4.service is out of service\n", "drain", "web", "@4", "--force")
	o.succeeds("web@3.service is in service again\nweb@4.service is in service again\n", "undrain", "web@3", "web@4")
	o.succeeds("web@3.service is in service already\n", "undrain", "web@3")

	o.succeeds("web@3.service is out of service\n", "drain", "web@3")
	o.succeeds("web@3.service restarted\n", "restart", "web@3")
	o.sees(`^web active, 4 of 4 workers ready$`)
}

func testStopStart(t *testing.T, web *stage.Cluster) {
	o := operator{t, web}
	o.succeeds("web@2.service stopped\n", "stop", "web@2")
	o.sees(`^web@2\.service +inactive `)
	o.fails(6, `that would leave 2 of 4 workers in service`, "stop", "web@1")
	o.fails(6, `that would leave 2 of 4 workers in service`, "restart", "web@1")
	o.succeeds("web@2.service started\n", "start", "web@2")
	before := invocations(t, web)
	o.succeeds("web@1.service restarted\nweb@2.service restarted\n", "restart", "web@1", "@2")
	after := invocations(t, web)
	for unit, changed := range map[string]bool{"web@1.service": true, "web@2.service": true, "web@3.service": false} {
		if before[unit] != after[unit] != changed {
			t.Errorf("%s was restarted: %v, want %v", unit, !changed, changed)
		}
	}
}

func testScale(t *testing.T, web *stage.Cluster) {
	o := operator{t, web}
	before := invocations(t, web)
	o.succeeds(`(web@[56]\.service started\n){2}cluster "web" has 6 workers, and had 4\n`, "scale", "web", "+2")
	o.sees(`^web active, 6 of 6 workers ready$`)
	o.succeeds(`cluster "web" has 6 workers already\n`, "scale", "web", "6")
	o.requireKept("6")

	// A command that was killed half-way is finished by the next.
	run(t, web, "systemctl", "stop", "web@6.service")
	o.succeeds(`web@6\.service started\ncluster "web" has 6 workers, and had 6\n`, "scale", "web", "6")

	// The systemd generator and a reload agree: so a boot does.
	run(t, web, "systemctl", "daemon-reload")
	o.sees(`^web active, 6 of 6 workers ready$`)

	o.succeeds(`(web@[56]\.service stopped\n){2}cluster "web" has 4 workers, and had 6\n`, "scale", "web", "4")
	o.requireKept("4")
	for unit, invocation := range invocations(t, web) {
		if invocation != before[unit] {
			t.Errorf("%s was touched", unit)
		}
	}
	out := run(t, web, "systemctl", "list-units", "--all", "--no-legend", "web@*")
	if strings.Count(out, "running") != 4 {
		t.Errorf("units after scaling down:\n%s", out)
	}
}

// requireKept looks at what a boot would read.
func (o operator) requireKept(number string) {
	o.t.Helper()
	requireMatch(o.t, run(o.t, o.web, "cat", "/etc/clusterctl/web.cluster.d/50-scale.conf"), "^Workers="+number+"$")
	links := strings.Fields(run(o.t, o.web, "sh", "-c", "cd /etc/systemd/system/web.service.wants && ls -d web@*"))
	if len(links) != len("123456"[:number[0]-'0']) {
		o.t.Errorf("links: %q, want %s", links, number)
	}
}

func testOperateInRollout(t *testing.T, web *stage.Cluster) {
	o := operator{t, web}
	run(t, web, "mkdir", "-p", "/etc/systemd/system/web.service.d")
	if err := web.WriteFile("/etc/systemd/system/web.service.d/canary.conf", []byte("[X-Cluster]\nCanary=1\nCanaryHoldSec=infinity\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, web, "systemctl", "daemon-reload")
	held, err := web.Run(t.Context(), stage.Clusterctl, "rollout", "restart", "web")
	requireExit(t, err, 5)
	requireMatch(t, held, `is held`)
	for _, args := range [][]string{{"scale", "web", "5"}, {"drain", "web@3"}, {"stop", "web@3"}, {"restart", "web@3"}} {
		o.fails(6, `\Aclusterctl: cluster "web": another rollout is under way: revision \d+, by root, since .*\nhint: clusterctl rollout status web .*\n\z`, args...)
	}
	o.sees(`^revision \d+: rollout of "web" to revision \d+ is held: .*\n  hint: clusterctl rollout resume web `)
	o.succeeds("web@3.service is out of service\n", "drain", "web@3", "--force")
	run(t, web, "rm", "/etc/systemd/system/web.service.d/canary.conf")
	run(t, web, "systemctl", "daemon-reload")
	run(t, web, stage.Clusterctl, "rollout", "resume", "web")
	run(t, web, stage.Clusterctl, "rollout", "status", "web")
	o.sees(`^web active, 4 of 4 workers ready$`) // the rollout has put it back
}

func testTwoOperators(t *testing.T, web *stage.Cluster) {
	o := operator{t, web}
	run(t, web, "sh", "-c", "echo 'scale, by ada, process 7, since today' >/var/lib/clusterctl/web/operator.lock")
	other := web.Command(t.Context(), "flock", "/var/lib/clusterctl/web/operator.lock", "sh", "-c", "echo has it; exec sleep infinity")
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	waitForLine(t, out, regexp.MustCompile("has it"))
	for _, args := range [][]string{{"scale", "web", "5"}, {"drain", "web@3"}, {"undrain", "web@3"}, {"stop", "web@3"}, {"restart", "web@3"}, {"start", "web@3"}} {
		o.fails(6, `\Aclusterctl: cluster "web": somebody else is at work: scale, by ada, process 7, since today\nhint: clusterctl status web\n\z`, args...)
	}
	run(t, web, "pkill", "sleep")
	_ = other.Wait() // it was killed
}

// testCompletion asks as the scripts of the shells do. bash takes "@" for the end
// of a word.
func testCompletion(t *testing.T, web *stage.Cluster) {
	for _, tt := range []struct {
		want string
		args []string
	}{
		{`web\n:4`, []string{"status", ""}},
		{`web\n:4`, []string{"rollout", "undo", ""}},
		{`web@\n:6`, []string{"drain", ""}},
		{`web@1\nweb@2\nweb@3\nweb@4\n:4`, []string{"drain", "web@"}},
		{`1\n2\n3\n4\n:4`, []string{"stop", "web", "@", ""}},
		{`@1\n@2\n@3\n@4\n:4`, []string{"restart", "web@3", "@"}},
		{`web\n:4`, []string{"logs", ""}},
		{`1\tComplete\n:36`, []string{"rollout", "undo", "web", "--to-revision", ""}},
		{`:4`, []string{"status", "web", ""}},
	} {
		cmd := web.Command(t.Context(), stage.Clusterctl, append([]string{"__complete"}, tt.args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%q: %v", tt.args, err)
		}
		requireMatch(t, string(out), `\A`+tt.want+`\n\z`)
	}
}

func testOperateRefused(t *testing.T, web *stage.Cluster) {
	o := operator{t, web}
	for _, wrong := range []struct {
		code int
		want string
		args []string
	}{
		{6, `\Aclusterctl: cluster "web" has no worker "web@9.service"\nhint: clusterctl status web\n\z`, []string{"restart", "web@9"}},
		{6, `\Aclusterctl: no cluster "shop": `, []string{"drain", "shop@1"}},
		{6, `\Aclusterctl: no cluster "shop": `, []string{"scale", "shop", "2"}},
		{2, `\Aclusterctl: "web": wanted a worker such as web@3\nhint: clusterctl stop --help\n\z`, []string{"stop", "web"}},
		{2, `\Aclusterctl: "0": wanted|\Aclusterctl: 0 workers serve nobody`, []string{"scale", "web", "0"}},
		{2, `\Aclusterctl: "many": wanted a number`, []string{"scale", "web", "many"}},
		{2, `\Aclusterctl: -9 of 4 workers leaves none`, []string{"scale", "web", "--", "-9"}},
		{2, `\Aclusterctl: wanted CLUSTER N, got 1 arguments`, []string{"scale", "web"}},
	} {
		o.fails(wrong.code, wrong.want, wrong.args...)
	}
	out, err := web.Run(t.Context(), "runuser", "-u", "nobody", "--", stage.Clusterctl, "stop", "web@1")
	requireExit(t, err, 6)
	requireMatch(t, out, `permission denied`)
	out, err = web.Run(t.Context(), "runuser", "-u", "nobody", "--", stage.Clusterctl, "drain", "web@1")
	requireExit(t, err, 6)
	requireMatch(t, out, `permission denied\nhint: run it as root`)
	if left, err := web.Run(t.Context(), "ls", "/var/lib/clusterctl/shop"); err == nil {
		t.Errorf("a refusal has left %s", left)
	}

	run(t, web, "systemctl", "stop", "web@1.service")
	o.fails(6, `\Aclusterctl: drain "web@1.service": it is inactive\nhint: clusterctl start web@1\n\z`, "drain", "web@1")
	run(t, web, "systemctl", "start", "web@1.service")

	run(t, web, "mkdir", "-p", "/etc/clusterctl/web.cluster.d")
	if err := web.WriteFile("/etc/clusterctl/web.cluster.d/90-site.conf", []byte("[Cluster]\nWorkers=4\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o.fails(6, `a later drop-in sets Workers=4, and it would hold: /etc/clusterctl/web\.cluster\.d/90-site\.conf`, "scale", "web", "5")
	run(t, web, "rm", "/etc/clusterctl/web.cluster.d/90-site.conf")
}

func testRestartFails(t *testing.T, web *stage.Cluster) {
	o := operator{t, web}
	if err := web.WriteFile("/run/bad", []byte("exit"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := invocations(t, web)
	o.fails(1, `^clusterctl: restart "web@2\.service": the job ended with the result "failed"\nhint: clusterctl logs web@2 -n 50$`, "restart", "web@2", "web@3")
	if id := property(t, web, "web@3.service", "InvocationID"); id != before["web@3.service"] {
		t.Error("web@3 was restarted after web@2 had not come back")
	}
	run(t, web, "rm", "/run/bad")
	o.succeeds("web@2.service started\n", "start", "web@2")
}

// New workers get the release that the others run; one that goes leaves none
// behind, so that it does not come back with the release of another day.
func TestScale_Releases(t *testing.T) {
	s := newStage(t, "")
	web := deployedTo(t, s, operateReleases, 2)
	o := operator{t, web}
	o.succeeds(`web@3\.service started\ncluster "web" has 3 workers, and had 2\n`, "scale", "web", "3")
	o.sees(`^ release: v1$`)
	o.sees(`^web@3\.service +active \(running\) +v1 `)
	o.succeeds(`web@3\.service stopped\ncluster "web" has 2 workers, and had 3\n`, "scale", "web", "2")
	if left, err := web.Run(t.Context(), "readlink", "/var/lib/clusterctl/web/workers/3"); err == nil {
		t.Errorf("worker 3 is gone, and has left the release %s", left)
	}
	run(t, web, stage.Clusterctl, "deploy", "web", release(t, s, "v2", ""))
	o.succeeds(`web@3\.service started\ncluster "web" has 3 workers, and had 2\n`, "scale", "web", "+1")
	o.sees(`^web@3\.service +active \(running\) +v2 `)

	// Of a cluster that is stopped only the number changes.
	run(t, web, "systemctl", "stop", "web.service")
	o.succeeds(`cluster "web" has 4 workers, and had 3\n`, "scale", "web", "4")
	o.sees(`^web inactive, 0 of 4 workers ready$`)
	run(t, web, "systemctl", "start", "web.service")
	eventually(t, "the fourth worker serves v2", func() bool {
		return strings.Contains(run(t, web, stage.Clusterctl, "status", "web"), "web active, 4 of 4 workers ready")
	})
	o.sees(`^web@4\.service +active \(running\) +v2 `)
}

const operateReleases = `[Cluster]
Workers=2
Listen=http=127.0.0.1:8080
Hardening=no

[Rollout]
Health=http /healthz

[Service]
ExecStart=bin/server --instance %i
`
