package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

const supervisedSpec = `[Cluster]
Workers=3
Listen=http=127.0.0.1:8080

[Rollout]
DrainSec=1s

[Service]
ExecStart=/opt/workers/go-worker --instance %i --supervised /run/greeting --keep
Type=notify-reload
FileDescriptorStoreMax=8
WatchdogSec=2s
TimeoutStopSec=2s
RestartSec=50ms
`

// What systemd offers a worker beyond its sockets, on a real one.
func TestSupervision(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web, err := s.Install(t.Context(), "web", supervisedSpec, 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := web.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, story := range []struct {
			name string
			tell func(*testing.T, *stage.Cluster)
		}{
			{"a reload is over when the hooks are", reloadWaits},
			{"a stuck accept loop is found under load", stuckAcceptIsFound},
			{"a deadlock is found", deadlockIsFound},
			{"descriptors are kept over a restart", descriptorsAreKept},
			{"a drain that goes on is given time", drainIsExtended},
		} {
			t.Run(story.name, func(t *testing.T) { story.tell(t, web) })
			for _, unit := range web.WorkerNames() {
				eventually(t, unit+" is active again", func() bool { return property(t, web, unit, "ActiveState") == "active" })
			}
		}
	})
}

// systemctl reload returns when the worker has the new settings.
func reloadWaits(t *testing.T, web *stage.Cluster) {
	for _, greeting := range []string{"good morning", "good evening"} {
		if err := web.WriteFile("/run/greeting", []byte(greeting), 0o644); err != nil {
			t.Fatal(err)
		}
		before := invocations(t, web)
		run(t, web, "systemctl", append([]string{"reload"}, web.WorkerNames()...)...)
		heard := func() bool { return get(t, web).Get("X-Greeting") == greeting }
		if web.Version == "host" { // systemd 252 sends the signal, and waits for nothing
			eventually(t, "the greeting is read", heard)
		}
		for range 12 {
			if !heard() {
				t.Errorf("a worker has another greeting than %q after the reload", greeting)
			}
		}
		for unit, invocation := range invocations(t, web) {
			if invocation != before[unit] {
				t.Errorf("the reload restarted %s", unit)
			}
		}
	}
}

// One worker is stuck with a client, and 300 requests a second go on.
func stuckAcceptIsFound(t *testing.T, web *stage.Cluster) {
	before := restarts(t, web)
	requests, err := web.Load(t.Context(), load.NewConnection, rate)
	if err != nil {
		t.Fatal(err)
	}
	stuck := make(chan error, 1)
	go func() { // ends when systemd kills the worker that took the connection
		_, err := web.Run(context.WithoutCancel(t.Context()), stage.GoWorker, "--stick", stage.Address)
		stuck <- err
	}()
	t.Logf("the stuck client: %v", <-stuck)
	eventually(t, "one worker was restarted", func() bool { return restarts(t, web) == before+1 })
	if report := requests.Stop(); report.Failed != 0 || report.Requests == 0 {
		t.Errorf("the siblings lost requests: %s", report)
	}
	requireJournal(t, web, "accept loop is stuck for ", `since client \"127.0.0.66:`, "Watchdog timeout (limit 2s)!")
}

func deadlockIsFound(t *testing.T, web *stage.Cluster) {
	before := property(t, web, "web@2.service", "NRestarts")
	askWorker(t, web, "2", "POST", "/hang")
	eventually(t, "web@2 was restarted", func() bool { return property(t, web, "web@2.service", "NRestarts") != before })
	requireJournal(t, web, "liveness check did not answer in 500ms")
}

func restarts(t *testing.T, web *stage.Cluster) int {
	t.Helper()
	sum := 0
	for _, unit := range web.WorkerNames() {
		sum += number(t, property(t, web, unit, "NRestarts"))
	}
	return sum
}

func requireJournal(t *testing.T, web *stage.Cluster, wanted ...string) {
	t.Helper()
	journal, err := web.Journal(t.Context(), "--unit", "web@*.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range wanted {
		if !strings.Contains(journal, words) {
			t.Errorf("the journal of the workers has no %q", words)
		}
	}
}

// A file, a listener and a client's connection outlive a restart and a SIGKILL.
// They go when the worker is stopped.
func descriptorsAreKept(t *testing.T, web *stage.Cluster) {
	run(t, web, "systemctl", "stop", "web@2.service", "web@3.service")
	run(t, web, "systemctl", "stop", "web@1.service")
	run(t, web, "systemctl", "start", "web@1.service")
	own := get(t, web).Get("X-Listener")
	for start, restart := range [][]string{
		{"systemctl", "restart", "web@1.service"},
		{"systemctl", "kill", "--signal=KILL", "web@1.service"},
		{"systemctl", "restart", "web@1.service"},
	} {
		client := keep(t, web)
		invocation := property(t, web, "web@1.service", "InvocationID")
		run(t, web, restart[0], restart[1:]...)
		want := fmt.Sprintf("start %d\n", start+2)
		if line, err := client.ReadString('\n'); line != want {
			t.Errorf("%v: the kept client: wanted %q, got %q, %v", restart, want, line, err)
		}
		eventually(t, "web@1 is active again", func() bool {
			return property(t, web, "web@1.service", "InvocationID") != invocation && property(t, web, "web@1.service", "ActiveState") == "active"
		})
		header := get(t, web)
		if got := "start " + header.Get("X-Starts") + "\n"; got != want {
			t.Errorf("%v: the kept file: wanted %q, got %q", restart, want, got)
		}
		if header.Get("X-Listener") != own {
			t.Errorf("%v: the kept listener: wanted %s, got %s", restart, own, header.Get("X-Listener"))
		}
		conn, err := web.Dial(t.Context(), "tcp", own)
		if err != nil {
			t.Fatal(err)
		}
		if line, err := io.ReadAll(conn); string(line) != want {
			t.Errorf("%v: the kept listener: wanted %q, got %q, %v", restart, want, line, err)
		}
		conn.Close()
	}
	run(t, web, "systemctl", "stop", "web@1.service")
	run(t, web, "systemctl", append([]string{"start"}, web.WorkerNames()...)...)
	if starts := get(t, web).Get("X-Starts"); starts != "1" {
		t.Errorf("after a stop: wanted start 1, got %s", starts)
	}
}

// keep is a client whose connection is handed to the next start of its worker.
func keep(t *testing.T, web *stage.Cluster) *bufio.Reader {
	t.Helper()
	conn, err := web.Dial(t.Context(), "tcp", stage.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ask(t, conn, "/keep")
	lines := bufio.NewReader(conn)
	if line, err := lines.ReadString('\n'); line != "kept\n" {
		t.Fatalf("wanted kept, got %q, %v", line, err)
	}
	return lines
}

// TimeoutStopSec= is 2 s, and the drain lasts for longer: it is given the time
// for as long as it gets on, and not for longer.
func drainIsExtended(t *testing.T, web *stage.Cluster) {
	run(t, web, "systemctl", "stop", "web@2.service", "web@3.service")
	var busy []net.Conn
	for _, sleep := range []string{"1s", "2s", "3s", "4s"} {
		conn, err := web.Dial(t.Context(), "tcp", stage.Address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		ask(t, conn, "/?sleep="+sleep)
		busy = append(busy, conn)
	}
	eventually(t, "all requests are in flight", func() bool {
		return strings.Contains(askWorker(t, web, "1", "GET", "/stats"), `"in_flight":4,`)
	})
	run(t, web, "systemctl", "restart", "web@1.service")
	for _, conn := range busy {
		answered(t, bufio.NewReader(conn))
	}
	conn, err := web.Dial(t.Context(), "tcp", stage.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask(t, conn, "/?sleep=1h")
	eventually(t, "the request is in flight", func() bool {
		return strings.Contains(askWorker(t, web, "1", "GET", "/stats"), `"in_flight":1,`)
	})
	run(t, web, "systemctl", "restart", "web@1.service")
	requireJournal(t, web, "State 'stop-sigterm' timed out. Killing.")
	run(t, web, "systemctl", append([]string{"start"}, web.WorkerNames()...)...)
}
