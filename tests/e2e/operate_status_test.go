package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/tests/stage"
	"github.com/clusterctl/clusterctl/units/admin"
)

const operateSpec = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080
Hardening=no

[Rollout]
Health=http /healthz

[Service]
ExecStart=/opt/workers/go-worker --instance %i --bad-file /run/bad
`

// What an operator sees, on every version.
func TestStatus(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		out, err := s.Run(t.Context(), stage.Clusterctl, "status")
		if err != nil || !strings.Contains(out, "no clusters\nhint: clusterctl init") {
			t.Errorf("without a cluster: %s (error: %v)", out, err)
		}
		web := startWeb(t, s, operateSpec)
		t.Run("watch", func(t *testing.T) { testStatusWatch(t, web) })
		t.Run("forms", func(t *testing.T) { testStatusForms(t, web) })
		t.Run("terminal", func(t *testing.T) { testStatusTerminal(t, web) })
		t.Run("problems", func(t *testing.T) { testStatusProblems(t, web) })
		t.Run("without a message bus", func(t *testing.T) { testStatusWithoutBus(t, web) })
	})
}

func requireMatch(t *testing.T, got, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`(?m)` + pattern).MatchString(got) {
		t.Errorf("got\n%s\nwant a match of %s", got, pattern)
	}
}

func testStatusForms(t *testing.T, web *stage.Cluster) {
	requireMatch(t, run(t, web, stage.Clusterctl, "status"),
		`^CLUSTER +STATE +READY +RELEASE +ROLLOUT +LISTEN +PROBLEMS\nweb +active +4/4 +- +Complete \(1\) +127\.0\.0\.1:8080 +0$`)
	one := run(t, web, stage.Clusterctl, "status", "web")
	requireMatch(t, one, `^web active, 4 of 4 workers ready$`)
	requireMatch(t, one, `^  listen: 127\.0\.0\.1:8080, accept queue 0/\d+, 0 dropped$`)
	requireMatch(t, one, `^WORKER +STATE +RELEASE +SINCE +RESTARTS +MEMORY +CPU +IN-FLIGHT +HEALTH$`)
	requireMatch(t, one, `^web@1\.service +active \(running\) +- +\w+ +0 +\S+ +\S+ +0 +ok$`)
	requireMatch(t, run(t, web, stage.Clusterctl, "status", "web", "-o", "wide"),
		`^web@4\.service +active \(running\) .* ok +\d+ +\d+ +\d+ +0 +yes +serving$`)
	if got := run(t, web, stage.Clusterctl, "status", "web", "-o", "name"); got != strings.Join(web.WorkerNames(), "\n")+"\n" {
		t.Errorf("names: %q", got)
	}
	if got := run(t, web, stage.Clusterctl, "status", "-o", "name"); got != "web\n" {
		t.Errorf("names: %q", got)
	}

	var all []struct {
		Name    string
		Ready   int
		Workers []struct {
			Unit    string
			MainPID int `json:"main_pid"`
			Health  string
		}
	}
	if err := json.Unmarshal([]byte(run(t, web, stage.Clusterctl, "status", "-o", "json")), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Ready != 4 || len(all[0].Workers) != 4 || all[0].Workers[2].MainPID == 0 || all[0].Workers[2].Health != "ok" {
		t.Errorf("json: %+v", all)
	}
	requireMatch(t, run(t, web, stage.Clusterctl, "status", "web", "-o", "yaml"), `^workers:\n  - unit: web@1\.service\n    instance: "1"\n    enabled: true\n`)

	// Who may not ask the workers sees the rest.
	stranger := run(t, web, "runuser", "-u", "nobody", "--", stage.Clusterctl, "status", "web")
	requireMatch(t, stranger, `^web@1\.service +active \(running\) .* - +-$`)

	for _, wrong := range []struct {
		code int
		want string
		args []string
	}{
		{6, "clusterctl: no cluster \"shop\": systemd knows no unit \"shop.service\"\nhint: ", []string{"shop"}},
		{2, "clusterctl: --output \"xml\": wanted ", []string{"-o", "xml"}},
		{2, "clusterctl: wanted CLUSTER or nothing, got 2 arguments", []string{"web", "shop"}},
		{2, "clusterctl: ", []string{"web@1"}},
	} {
		out, err := web.Run(t.Context(), stage.Clusterctl, append([]string{"status"}, wrong.args...)...)
		requireExit(t, err, wrong.code)
		if !strings.HasPrefix(out, wrong.want) {
			t.Errorf("status %q: %s", wrong.args, out)
		}
	}
}

// testStatusTerminal uses script(1) for a terminal.
func testStatusTerminal(t *testing.T, web *stage.Cluster) {
	if _, err := web.Run(t.Context(), "which", "script", "stty"); err != nil {
		t.Fatal("script(1) or stty(1) is missing: install bsdutils and coreutils, which every Debian has")
	}
	on := func(columns, command string) string {
		return strings.ReplaceAll(run(t, web, "script", "-qec", "stty cols "+columns+"; "+command, "/dev/null"), "\r", "")
	}
	requireMatch(t, on("120", "TERM=xterm "+stage.Clusterctl+" status web"), "^web@1.service  \x1b\\[32mactive \\(running\\)\x1b\\[0m +- +")
	requireMatch(t, on("120", "TERM=xterm NO_COLOR=1 "+stage.Clusterctl+" status web"), `^web@1.service  active \(running\)  - +\w+ +0 .*  ok$`)
	requireMatch(t, on("45", "TERM=dumb "+stage.Clusterctl+" status web"), `^WORKER         STATE             HEALTH\nweb@1.service  active \(running\)  ok$`)
}

func testStatusProblems(t *testing.T, web *stage.Cluster) {
	run(t, web, "systemctl", "stop", "web@2.service")
	if err := web.WriteFile("/run/bad", []byte("exit"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, web, "sh", "-c", "systemctl kill --signal=KILL web@3.service")
	eventually(t, "web@3 waits for its restart", func() bool {
		return property(t, web, "web@3.service", "SubState") == "auto-restart"
	})
	got := run(t, web, stage.Clusterctl, "status", "web")
	requireMatch(t, got, `^web active, 2 of 4 workers ready$`)
	requireMatch(t, got, `^web@2\.service +inactive `)
	requireMatch(t, got, `^web@2\.service: is enabled, and stopped\n  hint: clusterctl start web@2$`)
	// Which of both depends on the moment.
	requireMatch(t, got, `^web@3\.service: (ended \(result=\S+, status=\d+\) and is about to be started again|is starting again, after).*\n  hint: clusterctl logs web@3 -n 50$`)
	run(t, web, "rm", "/run/bad")
	run(t, web, "systemctl", "restart", "web@2.service", "web@3.service")
}

// testStatusWithoutBus takes the message bus away: an operator needs status most
// when things are broken.
func testStatusWithoutBus(t *testing.T, web *stage.Cluster) {
	run(t, web, "systemctl", "stop", "dbus.socket", "dbus.service")
	requireMatch(t, run(t, web, stage.Clusterctl, "status", "web"), `^web active, 4 of 4 workers ready$`)
	out, err := web.Run(t.Context(), "runuser", "-u", "nobody", "--", stage.Clusterctl, "status", "web")
	requireExit(t, err, 6)
	requireMatch(t, out, `^clusterctl: systemd is not reachable: .*\nhint: `)
	run(t, web, "systemctl", "start", "dbus.socket")
}

func testStatusWatch(t *testing.T, web *stage.Cluster) {
	watch := web.Command(t.Context(), stage.Clusterctl, "status", "web", "--watch")
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	watch.Stderr = os.Stderr
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	expect := func(patterns ...string) {
		t.Helper()
		for _, pattern := range patterns {
			waitFor(t, lines, pattern)
		}
	}
	expect(`^web@4.service +active \(running\)`)

	run(t, web, "systemctl", "restart", "web@2.service")
	expect(`^web@2.service +active \(running\)`)
	if err := (admin.Client{Dir: web.Path("/run/web")}).Drain(t.Context(), "3"); err != nil {
		t.Fatal(err)
	}
	expect(`^web active, 3 of 4 workers ready$`, `^web@3.service +active \(drained\)`)
	run(t, web, "systemctl", "stop", "web@4.service")
	expect(`^web@4.service +inactive`)
	requireIdle(t, watch)

	// A change while the message bus is away is no change lost.
	run(t, web, "systemctl", "stop", "dbus.socket", "dbus.service")
	run(t, web, "systemctl", "start", "web@4.service")
	run(t, web, "systemctl", "start", "dbus.socket")
	expect(`^web@4.service +active \(running\)`)
	run(t, web, "systemctl", "daemon-reexec")
	run(t, web, "systemctl", "disable", "--now", "web@4.service")
	expect(`^web@4.service  gone$`)
	run(t, web, "systemctl", "enable", "--now", "web@4.service")
	expect(`^web@4.service +active \(running\)`)
	run(t, web, stage.Clusterctl, "rollout", "restart", "web")
	expect(`^web active, .*; Waiting for rollout of "web" to finish: `)
	waitRolledOut(t, lines)

	// nsenter does not pass signals on.
	run(t, web, "pkill", "--signal", "INT", "--full", "clusterctl status web --watch")
	for lines.Scan() {
	}
	requireExit(t, watch.Wait(), 0)
}

// waitRolledOut waits until the rollout is over and all workers are ready. Either
// may be seen first: a look reads the workers, and then the rollout.
func waitRolledOut(t *testing.T, lines *bufio.Scanner) {
	t.Helper()
	isOver, isReady := false, false
	for lines.Scan() {
		line := lines.Text()
		isOver = isOver || strings.Contains(line, `cluster "web" successfully rolled out: `)
		if strings.HasPrefix(line, "web active, ") {
			isReady = strings.HasPrefix(line, "web active, 4 of 4 workers ready")
		}
		if isOver && isReady {
			return
		}
	}
	t.Fatalf("the output ended before all workers were ready and the rollout over: %v, %v", isReady, isOver)
}

func waitFor(t *testing.T, lines *bufio.Scanner, pattern string) {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	var seen []string
	for lines.Scan() {
		if wanted.MatchString(lines.Text()) {
			return
		}
		seen = append(seen, lines.Text())
	}
	t.Fatalf("the output ended before a line matched %s:\n%s", pattern, strings.Join(seen, "\n"))
}

// requireIdle looks at what a process uses while nothing happens.
func requireIdle(t *testing.T, command *exec.Cmd) {
	t.Helper()
	used := func() time.Duration {
		t.Helper()
		used, err := stage.ProcessorTime(command)
		if err != nil {
			t.Fatal(err)
		}
		return used
	}
	before := used()
	const window = 2 * time.Second
	time.Sleep(window) // there is no event to wait for: the point is that nothing happens
	if used := used() - before; used > window/40 {
		t.Errorf("%s of a processor used in %s in which nothing happened", used, window)
	}
}
