package e2e

import (
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

const doctorSpec = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080
Hardening=no

[Rollout]
Health=http /healthz

[Socket]
Backlog=1000

[Service]
ExecStart=bin/server --instance %i --bad-file /run/bad
RestartSec=200ms
`

type doctorFinding struct {
	Severity, Check, Cluster, Subject, Message, Mend string
}

type diagnosis struct {
	Clusters []string
	Findings []doctorFinding
	Unseen   []struct{ What, Why string }
}

// examine asks the doctor. Its exit code says whether something was found.
func examine(t *testing.T, on *stage.Stage, args ...string) diagnosis {
	t.Helper()
	out, err := on.Command(t.Context(), stage.Clusterctl, append([]string{"doctor", "-o", "json"}, args...)...).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("doctor: %v: %s", err, out)
	}
	var found diagnosis
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("doctor: %v: %s", err, out)
	}
	if (err != nil) != (len(found.Findings) > 0) {
		t.Errorf("doctor: exit %v with %d findings", err, len(found.Findings))
	}
	return found
}

type doctorFault struct {
	check, cause string
	more         []string // the checks that may find it too
}

// doctorFaults are caused one after the other on a healthy cluster; the doctor has to
// find each, and the command that it prints has to mend it.
var doctorFaults = []doctorFault{
	{"watchdog", "true", nil}, // the .cluster file has none

	{"masked", "systemctl stop web@3.service && systemctl mask web@3.service", nil},
	{"masked", "systemctl stop web@3.service && systemctl mask --runtime web@3.service", nil},
	{"missing", "rm /etc/systemd/system/web.socket && systemctl daemon-reload", []string{"drift"}},
	{"daemon-reload", "touch --date=+1hour /etc/systemd/system/web@.service", nil},
	{"drift", "sed -i s/^Description=/Description=My/ /etc/systemd/system/web@.service && systemctl daemon-reload", nil},
	{"policy", dropIn("web.service", `[X-Cluster]\nMaxUnavailable=none\n`), nil},

	{"start-limit", dropIn("web@.service", `[Unit]\nStartLimitIntervalSec=10s\nStartLimitBurst=3\n`), nil},
	{"start-limit", dropIn("web.socket", `[Unit]\nStartLimitIntervalSec=10s\n`), nil},
	{"trigger-limit", dropIn("web.socket", `[Socket]\nTriggerLimitIntervalSec=2s\n`), nil},
	{"non-blocking", dropIn("web@.service", `[Service]\nNonBlocking=no\n`), nil},
	{"override", dropIn("web@.service", `[Service]\nKillSignal=SIGKILL\nNice=3\n`), nil},
	{"drain-time", dropIn("web@.service", `[Service]\nTimeoutStopSec=3s\n`), nil},
	{"drain-time", dropIn("web.service", `[X-Cluster]\nDrainSec=2min\n`), nil},

	{"socket", "systemctl stop web.socket", nil},
	{"listener", "systemctl restart web.socket", nil},
	{"backlog", "echo 100 >/proc/sys/net/core/somaxconn && systemctl restart web.socket && clusterctl rollout restart web", nil},

	{"cluster-down", "systemctl stop web.service", nil},
	{"worker-down", "systemctl stop web@2.service", nil},
	{"worker-number", "ln -s ../releases/v2 /var/lib/clusterctl/web/workers/5 && systemctl enable --now web@5.service", nil},
	{"worker-beyond", "ln -s ../releases/v2 /var/lib/clusterctl/web/workers/6 && systemctl start web@6.service", nil},
	{"admin-socket", "rm /run/web/2.sock", nil},

	{"release-changed", "echo more >>/var/lib/clusterctl/web/releases/v2/environment", nil},
	{"release-unknown", "ln -sfn ../releases/gone /var/lib/clusterctl/web/workers/3", nil},
	{"disk", "head -c $((`df --output=avail -B1 /var/lib/clusterctl | tail -n 1` - 9000000)) /dev/zero >/var/lib/clusterctl/filler", nil},

	{"rollout-interrupted", "echo never-ready >/run/bad && clusterctl rollout restart web --detach && systemctl stop clusterctl-rollout-web.service && rm /run/bad && systemctl restart web@1.service", nil},
	{"rollout-clock", "cd /var/lib/clusterctl/web/rollouts && sed 's/\"revision\":[0-9]*/\"revision\":99/; s/\"time\":\"2/\"time\":\"3/' `ls -v | grep jsonl | tail -n 1` >99.jsonl", nil},
}

func dropIn(unit, text string) string {
	dir := "/etc/systemd/system/" + unit + ".d"
	return "mkdir -p " + dir + " && printf '" + text + "' >" + dir + "/50-mine.conf && systemctl daemon-reload"
}

// The oldest and the newest systemd of the matrix: what a check reads differs
// between them if it differs at all.
func TestDoctor(t *testing.T) {
	for _, version := range []string{"host", "262"} {
		t.Run("systemd-"+version, func(t *testing.T) {
			t.Parallel()
			testDoctor(t, newStage(t, version))
		})
	}
}

func testDoctor(t *testing.T, s *stage.Stage) {
	if _, err := s.Run(t.Context(), "sh", "-c", "mkdir -p /var/lib/clusterctl && mount -t tmpfs -o size=60m tmpfs /var/lib/clusterctl"); err != nil {
		t.Fatal(err)
	}
	web := deployed(t, s, doctorSpec)
	for _, name := range []string{"v2", "v3"} {
		run(t, web, stage.Clusterctl, "deploy", "web", release(t, s, name, ""))
	}
	run(t, web, stage.Clusterctl, "deploy", "web", "v2")
	for _, fault := range doctorFaults {
		t.Run(fault.check, func(t *testing.T) { causeFindMend(t, s, "web", fault) })
		if t.Failed() {
			return // what is left would be found again and again
		}
	}
	t.Run("notify", func(t *testing.T) { testNeverReady(t, s) })
	t.Run("crash loop", func(t *testing.T) { testCrashLoop(t, web) })
	t.Run("healthy", func(t *testing.T) { testHealthy(t, web) })
}

func causeFindMend(t *testing.T, s *stage.Stage, cluster string, fault doctorFault) {
	if out, err := s.Run(t.Context(), "sh", "-c", fault.cause); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var found diagnosis
	isIt := func(f doctorFinding) bool { return f.Check == fault.check }
	eventually(t, "the doctor finds it", func() bool {
		found = examine(t, s, cluster)
		return slices.ContainsFunc(found.Findings, isIt)
	})
	for _, f := range found.Findings {
		switch {
		case isIt(f):
			t.Logf("%s: %s: %s\n%s", f.Severity, f.Subject, f.Message, f.Mend)
			if out, err := s.Run(t.Context(), "sh", "-c", f.Mend); err != nil {
				t.Fatalf("%q: %v: %s", f.Mend, err, out)
			}
		case !slices.Contains(fault.more, f.Check):
			t.Errorf("found too: %+v", f)
		}
	}
	eventually(t, "the command mends it", func() bool {
		found = examine(t, s, cluster)
		return len(found.Findings) == 0 || t.Failed()
	})
	if t.Failed() {
		t.Logf("left: %+v", found)
	}
}

// A program that never says READY=1, in a cluster of its own.
func testNeverReady(t *testing.T, s *stage.Stage) {
	const spec = "[Cluster]\nWorkers=1\nListen=http=127.0.0.1:8081\nHardening=no\n[Service]\nExecStart=/bin/sleep infinity\nTimeoutStartSec=1s\n"
	if _, err := s.Install(t.Context(), "dumb", spec, 1); err != nil {
		t.Fatal(err)
	}
	causeFindMend(t, s, "dumb", doctorFault{"notify", "systemctl start --no-block dumb.service", []string{"worker-down"}})
	if _, err := s.Run(t.Context(), "systemctl", "disable", "--now", "dumb.service", "dumb.socket"); err != nil {
		t.Fatal(err)
	}
}

// What is wrong with a program its own words say: the command shows them.
func testCrashLoop(t *testing.T, web *stage.Cluster) {
	run(t, web, "sh", "-c", "echo exit >/run/bad; systemctl kill --signal=KILL web@4.service")
	eventually(t, "the doctor finds it", func() bool {
		for _, f := range examine(t, web.Stage, "web").Findings {
			if f.Check == "worker-down" && strings.Contains(f.Message, "again and again (result=exit-code, status=1)") {
				if out := run(t, web, "sh", "-c", f.Mend); !strings.Contains(out, "exiting, as told by --bad exit") {
					t.Errorf("%q shows %s", f.Mend, out)
				}
				return true
			}
		}
		return false
	})
	run(t, web, "sh", "-c", "rm /run/bad; systemctl restart web@4.service")
}

// A healthy cluster is silent, for root, and for others as far as they can see.
func testHealthy(t *testing.T, web *stage.Cluster) {
	if out := run(t, web, stage.Clusterctl, "doctor", "web"); out != "healthy: 1 cluster (web) and the host\n" {
		t.Errorf("a healthy cluster: %q", out)
	}
	for _, command := range []string{
		"clusterctl scale web 3", // the number is kept where it is looked for
		"clusterctl generate web --output /etc/systemd/system --systemd-version 252 && systemctl daemon-reload", // as a package has them
		"clusterctl drain web@2",
	} {
		run(t, web, "sh", "-c", command)
		if found := examine(t, web.Stage, "web"); len(found.Findings) > 0 {
			t.Errorf("after %q: %+v", command, found.Findings)
		}
	}
	out := run(t, web, "runuser", "-u", "nobody", "--", stage.Clusterctl, "doctor", "web")
	for _, wanted := range []string{
		"nothing was found in what could be seen: 1 cluster (web) and the host\n",
		"not seen: web: the listeners that systemd and the workers hold: permission denied, root may\n",
		"not seen: web: what workers say on their admin sockets: permission denied, root may\n",
	} {
		if !strings.Contains(out, wanted) {
			t.Errorf("without root: %q, wanted %q", out, wanted)
		}
	}
	for _, test := range []struct {
		code   int
		wanted string
		args   []string
	}{
		{6, `no cluster "shop"`, []string{"doctor", "shop"}},
		{2, `--output "yaml": wanted "json"`, []string{"doctor", "-o", "yaml"}},
	} {
		out, err := web.Run(t.Context(), stage.Clusterctl, test.args...)
		requireExit(t, err, test.code)
		if !strings.Contains(out, test.wanted) {
			t.Errorf("%q: %s", test.args, out)
		}
	}
}

// A user's own manager is looked at with the user's own rights, and all is seen.
func TestDoctor_UserManager(t *testing.T) {
	s := newStage(t, "")
	as := login(t, s)
	if err := s.WriteFile("/root/.config/clusterctl/web.cluster", []byte(userSpec+"WatchdogSec=10s\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	doctor := []string{stage.Clusterctl, "--user", "doctor"}
	for _, command := range [][]string{
		{stage.Clusterctl, "--user", "generate", "web", "--install"},
		{"systemctl", "--user", "start", "web.service", "web@1.service", "web@2.service", "web@3.service"},
		{"systemctl", "--user", "restart", "web.socket"},
	} {
		if out, err := as(command...); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	out, err := as(doctor...)
	requireExit(t, err, 1)
	mend := "clusterctl --user rollout restart web"
	if !strings.Contains(out, "from before web.socket was restarted (listener)\nhint: "+mend+"\n") {
		t.Errorf("a socket that was restarted: %s", out)
	}
	if out, err := as("sh", "-c", mend); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := as(doctor...); err != nil || out != "healthy: 1 cluster (web) and the host\n" {
		t.Errorf("mended: %v: %q", err, out)
	}
	logs, err := as(stage.Clusterctl, "--user", "logs", "web@1")
	if err != nil || strings.Count(logs, "Started web@1.service") != 2 {
		t.Errorf("the logs of a user's worker: %v: %s", err, logs)
	}
	events, err := as(stage.Clusterctl, "--user", "events", "web")
	if err != nil || !strings.Contains(events, "web@1          restarted  as somebody asked") || !strings.Contains(events, "successfully rolled out: revision 1") {
		t.Errorf("the events of a user's cluster: %v: %s", err, events)
	}
}
