package e2e

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/tests/stage"
)

const logsSpec = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080
Hardening=no

[Rollout]
Health=http /healthz

[Service]
WatchdogSec=1s
ExecStart=/opt/workers/go-worker --instance %i --bad-file /run/bad
`

// What the workers wrote and what happened to them, read from the journals of
// three versions.
func TestLogsAndEvents(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, logsSpec)
		run(t, web, stage.Clusterctl, "rollout", "restart", "web")
		run(t, web, "journalctl", "--sync")
		t.Run("logs", func(t *testing.T) { testLogs(t, web) })
		t.Run("follow", func(t *testing.T) { testLogsFollow(t, web) })
		t.Run("terminal", func(t *testing.T) { testLogsTerminal(t, web) })
		t.Run("refused", func(t *testing.T) { testLogsRefused(t, web) })
		t.Run("events", func(t *testing.T) { testEvents(t, web) })
	})
}

func testLogs(t *testing.T, web *stage.Cluster) {
	all := run(t, web, stage.Clusterctl, "logs", "web")
	line := regexp.MustCompile(`^\w{3} [ \d]\d \d\d:\d\d:\d\d\.\d{3} web@[1-4](\[\d+\]| systemd\[1\]| clusterctl\[\d+\]): `)
	for text := range strings.Lines(all) {
		if !line.MatchString(text) {
			t.Errorf("line %q", text)
		}
	}
	for _, worker := range web.WorkerNames() {
		if strings.Count(all, "Started "+worker) != 2 {
			t.Errorf("%s was started twice, and the logs are:\n%s", worker, all)
		}
	}
	of := func(args ...string) []string {
		return strings.Split(strings.TrimSpace(run(t, web, stage.Clusterctl, append([]string{"logs"}, args...)...)), "\n")
	}
	for _, one := range [][]string{{"web@3"}, {"web", "@3"}} {
		for _, text := range of(one...) {
			if !strings.Contains(text, " web@3") {
				t.Errorf("%q: %s", one, text)
			}
		}
	}
	if got := of("web", "-n", "2"); len(got) != 2 {
		t.Errorf("-n 2: %q", got)
	}
	rollout := run(t, web, stage.Clusterctl, "logs", "web", "--rollout")
	if strings.Count(rollout, "Started web@1.service") != 1 || !strings.Contains(rollout, "successfully rolled out: revision 1") {
		t.Errorf("--rollout: %s", rollout)
	}
	for _, text := range of("web", "-o", "json") {
		var entry map[string]any
		if err := json.Unmarshal([]byte(text), &entry); err != nil || entry["_BOOT_ID"] == nil {
			t.Errorf("-o json: %v: %s", err, text)
		}
	}
	out := run(t, web, "bash", "-c", stage.Clusterctl+` logs web -o json | head -n 1 >/dev/null; echo "status ${PIPESTATUS[0]}"`)
	if out != "status 0\n" {
		t.Errorf("a reader that goes away: %q", out)
	}
}

// lines are what a command writes, one by one.
func lines(t *testing.T, cmd *exec.Cmd) (<-chan string, func() error) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	all := make(chan string, 1000)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			all <- scanner.Text()
		}
	}()
	return all, func() error { <-read; return cmd.Wait() }
}

func awaitLine(t *testing.T, all <-chan string, wanted string) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case line := <-all:
			if strings.Contains(line, wanted) {
				return
			}
		case <-limit:
			t.Fatalf("no line with %q", wanted)
		}
	}
}

func testLogsFollow(t *testing.T, web *stage.Cluster) {
	// nsenter passes no signal on: the shell says who is to get it.
	follow := web.Command(t.Context(), "sh", "-c", "echo $$; exec "+stage.Clusterctl+" logs web -f -n 1")
	all, wait := lines(t, follow)
	pid := <-all
	awaitLine(t, all, "web@")
	run(t, web, "systemctl", "restart", "web@2.service")
	awaitLine(t, all, "Started web@2.service")
	run(t, web, "systemctl", "start", "web@7.service") // one that the journal has never heard of
	awaitLine(t, all, "Started web@7.service")
	run(t, web, "kill", "-INT", pid)
	if err := wait(); err != nil {
		t.Errorf("after a Ctrl-C: %v", err)
	}
	run(t, web, "systemctl", "stop", "web@7.service")
	if running := run(t, web, "sh", "-c", "cat /proc/[0-9]*/comm"); strings.Contains(running, "journalctl") || !strings.Contains(running, "systemd") {
		t.Errorf("a journalctl is left: %s", running)
	}
}

func testLogsTerminal(t *testing.T, web *stage.Cluster) {
	onTerminal := func(env, args string) string {
		return run(t, web, "env", "TERM=xterm", "script", "-qec", "env "+env+" "+stage.Clusterctl+" logs web "+args, "/dev/null")
	}
	colour := regexp.MustCompile(`\x1b\[\d+mweb@(\d)`)
	used := map[string]string{}
	for _, match := range colour.FindAllStringSubmatch(onTerminal("", "--no-pager"), -1) {
		used[match[1]] = match[0][:strings.Index(match[0], "m")]
	}
	distinct := map[string]bool{}
	for _, escape := range used {
		distinct[escape] = true
	}
	if len(used) < 4 || len(distinct) < 4 {
		t.Errorf("four workers have the colours %q", used)
	}
	if out := onTerminal("NO_COLOR=1", "--no-pager"); strings.Contains(out, "\x1b[") {
		t.Errorf("NO_COLOR: %q", out)
	}
	if out := onTerminal("SYSTEMD_PAGER='sed s/^/paged:/'", ""); !strings.HasPrefix(out, "paged:") {
		t.Errorf("the pager: %q", out)
	}
}

func testLogsRefused(t *testing.T, web *stage.Cluster) {
	for _, test := range []struct {
		code    int
		wanted  string
		command []string
	}{
		{6, `no cluster "shop"`, []string{stage.Clusterctl, "logs", "shop"}},
		{6, `no cluster "shop"`, []string{stage.Clusterctl, "logs", "shop", "-f"}},
		{6, `no cluster "shop"`, []string{stage.Clusterctl, "events", "shop"}},
		{2, `--since: "soon": wanted a time such as`, []string{stage.Clusterctl, "logs", "web", "--since", "soon"}},
		{6, `group systemd-journal`, []string{"runuser", "-u", "nobody", "--", stage.Clusterctl, "logs", "web"}},
	} {
		out, err := web.Run(t.Context(), test.command[0], test.command[1:]...)
		requireExit(t, err, test.code)
		if !strings.Contains(out, test.wanted) {
			t.Errorf("%q: got %s", test.command, out)
		}
	}
}

type listedEvent struct {
	Time     time.Time `json:"time"`
	Kind     string    `json:"kind"`
	Worker   string    `json:"worker"`
	Revision int       `json:"revision"`
	Message  string    `json:"message"`
}

func testEvents(t *testing.T, web *stage.Cluster) {
	follow := web.Command(t.Context(), "sh", "-c", "echo $$; exec "+stage.Clusterctl+" events web -f")
	all, wait := lines(t, follow)
	pid := <-all
	awaitLine(t, all, "successfully rolled out: revision 1")
	kill := func(signal, worker, kind string) {
		t.Helper()
		run(t, web, "kill", "-"+signal, property(t, web, worker+".service", "MainPID"))
		awaitLine(t, all, kind)
		awaitLine(t, all, worker+"          restarted  by systemd, restart 1 ")
	}
	kill("KILL", "web@1", "crashed    was killed by signal 9 (KILL)")
	kill("STOP", "web@2", "watchdog   hung")
	run(t, web, stage.Clusterctl, "rollout", "restart", "web")
	awaitLine(t, all, "rollout    revision 2 began: restart 4 workers, asked for by root")
	awaitLine(t, all, "successfully rolled out: revision 2")
	run(t, web, "systemctl", "stop", "web@4.service")
	awaitLine(t, all, "web@4          stopped")
	run(t, web, stage.Clusterctl, "start", "web@4")
	run(t, web, stage.Clusterctl, "drain", "web@3")
	awaitLine(t, all, "web@3          drained    taken out of service, by root")
	run(t, web, stage.Clusterctl, "undrain", "web@3")
	awaitLine(t, all, "web@3          undrained  put back into service, by root")
	run(t, web, stage.Clusterctl, "scale", "web", "3")
	awaitLine(t, all, "web            scaled     from 4 to 3 workers, by root")
	run(t, web, "kill", "-INT", pid)
	if err := wait(); err != nil {
		t.Errorf("after a Ctrl-C: %v", err)
	}
	if out := run(t, web, "journalctl", "--no-pager", "-u", "web@3.service"); !strings.Contains(out, "clusterctl[") || !strings.Contains(out, "taken out of service") {
		t.Errorf("journalctl does not show what clusterctl did: %s", out)
	}

	var events []listedEvent
	for text := range strings.Lines(run(t, web, stage.Clusterctl, "events", "web", "-o", "json")) {
		var e listedEvent
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		events = append(events, e)
	}
	if !slices.IsSortedFunc(events, func(a, b listedEvent) int { return a.Time.Compare(b.Time) }) {
		t.Errorf("not in the order of time: %+v", events)
	}
	count := func(kind, worker string) int {
		n := 0
		for _, e := range events {
			if e.Kind == kind && e.Worker == worker {
				n++
			}
		}
		return n
	}
	for _, want := range []struct {
		kind, worker string
		n            int
	}{{"crashed", "1", 1}, {"watchdog", "2", 1}, {"restarted", "3", 2}, {"stopped", "4", 2}, {"scaled", "", 1}, {"drained", "3", 1}, {"started", "1", 1}, {"rollout", "", 4}} {
		if got := count(want.kind, want.worker); got != want.n {
			t.Errorf("%s of worker %q: %d, wanted %d: %+v", want.kind, want.worker, got, want.n, events)
		}
	}
}
