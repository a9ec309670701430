package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clusterctl/clusterctl/tests/sandbox"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
)

// The units of the cluster "web": workers that do nothing, but for web@bad,
// which fails, and web@slow, which never gets ready.
var unitFiles = map[string]string{
	"web.service":     "[Unit]\nWants=web.socket web-workers.target\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n[X-Cluster]\nWorkers=3\n",
	"web.socket":      "[Socket]\nListenStream=127.0.0.1:8080\nService=web-activate.service\n",
	"web@.service":    "[Service]\nType=exec\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=web.service\n",
	"web@bad.service": "[Service]\nType=exec\nExecStart=/nonexistent\n",
	"web@slow.service": "[Service]\nType=notify\nTimeoutStartSec=1s\nExecStart=/bin/sleep infinity\n" +
		"TimeoutStopSec=1s\n",
	"web-activate.service":  "[Service]\nType=oneshot\nExecStart=/bin/true\n",
	"web-workers.target":    "[Unit]\nAfter=web.service\n",
	"a-workers.target":      "[Unit]\nDescription=Somebody else's\n",
	"web.service.d/10.conf": "[X-Cluster]\nMaxUnavailable=2\n",
}

func boot(t *testing.T, version string) *sandbox.Sandbox {
	t.Helper()
	s := sandbox.Start(t, sandbox.Options{Version: version})
	for name, text := range unitFiles {
		if err := s.WriteFile("/etc/systemd/system/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range []string{
		"systemctl daemon-reload",
		"systemctl enable web@1.service web@2.service web@10.service",
		"systemctl start web.service web.socket web@1.service web@2.service web@10.service web@extra.service",
	} {
		run(t, s, command)
	}
	return s
}

func run(t *testing.T, s *sandbox.Sandbox, command string) {
	t.Helper()
	words := strings.Fields(command)
	if _, err := s.Run(t.Context(), words[0], words[1:]...); err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, s *sandbox.Sandbox) *bus.Conn {
	t.Helper()
	conn, err := bus.Dial(t.Context(), s.BusAddress())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestBus(t *testing.T) {
	for _, version := range sandbox.Versions() {
		t.Run("systemd-"+version, func(t *testing.T) {
			s := boot(t, version)
			t.Run("Look", func(t *testing.T) { testLook(t, s) })
			t.Run("List", func(t *testing.T) { testList(t, s) })
			t.Run("Restart", func(t *testing.T) { testRestart(t, s) })
			t.Run("Transient", func(t *testing.T) { testTransient(t, s) })
			t.Run("Lost", func(t *testing.T) { testLost(t, s) })
		})
	}
}

func testList(t *testing.T, s *sandbox.Sandbox) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	conn := dial(t, s)
	defer conn.Close()
	web := conn.Cluster("web")
	seen := list(t, web)
	if seen.Service.ActiveState != units.Active || seen.Service.LoadState != units.Loaded {
		t.Errorf("service: %+v", seen.Service)
	}
	if len(seen.Sockets) != 1 || seen.Sockets[0].ActiveState != units.Active {
		t.Errorf("sockets: %+v", seen.Sockets)
	}
	if got := strings.Join(seen.PolicyFiles, " "); got != "/etc/systemd/system/web.service /etc/systemd/system/web.service.d/10.conf" {
		t.Errorf("policy files: %s", got)
	}
	if len(seen.Listen) != 1 || seen.Listen[0] != "127.0.0.1:8080" {
		t.Errorf("addresses: %q", seen.Listen)
	}
	var got []string
	for _, w := range seen.Workers {
		got = append(got, fmt.Sprintf("%s %s %v", w.Instance, w.ActiveState, w.Enabled))
		if len(w.InvocationID) != 32 || w.MainPID == 0 || w.ActiveFor <= 0 {
			t.Errorf("worker %+v", w)
		}
	}
	if want := "1 active true, 2 active true, 10 active true, extra active false"; strings.Join(got, ", ") != want {
		t.Errorf("workers: %s, want %s", strings.Join(got, ", "), want)
	}

	run(t, s, "systemctl stop web@2.service web@extra.service")
	run(t, s, "systemctl disable web@10.service")
	waitFor(t, web, func(c units.Cluster) bool {
		return len(c.Workers) == 3 && c.Workers[1].ActiveState == units.Inactive && !c.Workers[2].Enabled
	})
	run(t, s, "systemctl enable web@10.service")
	run(t, s, "systemctl start web@2.service")
	run(t, s, "systemctl daemon-reexec")
	waitFor(t, web, func(c units.Cluster) bool {
		return len(c.Workers) == 3 && c.Workers[1].ActiveState == units.Active && c.Workers[2].Enabled
	})

	none := list(t, conn.Cluster("nothing"))
	if none.Service.LoadState != units.NotFound || len(none.Workers) != 0 {
		t.Errorf("a cluster that is not there: %+v", none)
	}
}

func testRestart(t *testing.T, s *sandbox.Sandbox) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	conn := dial(t, s)
	defer conn.Close()
	web := conn.Cluster("web")
	before := list(t, web).Workers[0].InvocationID
	if result, err := conn.Restart(t.Context(), "web@1.service"); err != nil || result != units.JobDone {
		t.Errorf("restart: %q, %v", result, err)
	}
	if after := list(t, web).Workers[0].InvocationID; after == before {
		t.Error("the look after the job shows the start before it")
	}
	if result, err := conn.Restart(t.Context(), "web@bad.service"); err != nil || result != units.JobFailed {
		t.Errorf("restart of one that fails: %q, %v", result, err)
	}
	if result, err := conn.Restart(t.Context(), "web@slow.service"); err != nil || result != units.JobFailed {
		t.Errorf("restart of one that is never ready: %q, %v", result, err)
	}
	var refused *units.JobError
	if _, err := conn.Restart(t.Context(), "nothing.service"); !errors.As(err, &refused) || refused.Name != "org.freedesktop.systemd1.NoSuchUnit" {
		t.Errorf("restart of a unit that is not there: %v", err)
	}

	// Someone else's stop replaces the job that is waited for.
	canceled := make(chan units.JobResult, 1)
	go func() {
		result, _ := conn.Restart(t.Context(), "web@slow.service") // the result says it all
		canceled <- result
	}()
	waitForState(t, s, "web@slow.service", "activating")
	run(t, s, "systemctl stop web@slow.service")
	if result := <-canceled; result != units.JobCanceled {
		t.Errorf("a job that somebody replaced: %q", result)
	}

	// systemd re-executes itself in the middle of jobs, some of which end
	// before it is back on the bus: no wait may last for ever.
	var during sync.WaitGroup
	for i := range 20 {
		during.Go(func() {
			result, err := conn.Restart(t.Context(), fmt.Sprintf("web@r%d.service", i))
			if err != nil && !errors.Is(err, bus.ErrLost) && !errors.Is(err, bus.ErrNoSystemd) || err == nil && result != units.JobDone {
				t.Errorf("a job during a re-execution: %q, %v", result, err)
			}
		})
	}
	run(t, s, "systemctl daemon-reexec")
	during.Wait()
	run(t, s, "systemctl stop web@r*.service")

	// Many at once: no result may be lost.
	const many = 100
	results := make(chan units.JobResult, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			result, err := conn.Restart(t.Context(), fmt.Sprintf("web@m%d.service", i))
			if err != nil {
				t.Error(err)
			}
			results <- result
		})
	}
	all.Wait()
	for range many {
		if result := <-results; result != units.JobDone {
			t.Errorf("one of many: %q", result)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := conn.Restart(ctx, "web@slow.service"); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was given up: %v", err)
	}
	run(t, s, "systemctl stop web@m*.service web@slow.service")
}

func testTransient(t *testing.T, s *sandbox.Sandbox) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	conn := dial(t, s)
	defer conn.Close()
	transient := bus.Transient{
		Unit: "rollout.service", StartLimit: 10 * time.Second,
		Command: []string{"/bin/sh", "-c", `trap "exit 3" USR1; systemd-notify --ready --status=ready; while :; do sleep 0.05; done`},
	}
	service := conn.Service("rollout.service")
	if result, err := conn.StartTransient(t.Context(), transient); err != nil || result != units.JobDone {
		t.Fatalf("start: %q, %v", result, err)
	}
	var refused *units.JobError
	if _, err := conn.StartTransient(t.Context(), transient); !errors.As(err, &refused) || refused.Name != "org.freedesktop.systemd1.UnitExists" {
		t.Errorf("the same again: %v", err)
	}
	seen, err := service.Read(t.Context())
	if err != nil || seen.ActiveState != units.Active || seen.StatusText != "ready" {
		t.Errorf("while it runs: %+v, %v", seen, err)
	}
	if err := conn.Signal(t.Context(), "rollout.service", syscall.SIGUSR1); err != nil {
		t.Error(err)
	}
	for !seen.ActiveState.Down() {
		<-service.Changes()
		if seen, err = service.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	transient.Command = []string{"/bin/sh", "-c", "exit 6"}
	for {
		result, err := conn.StartTransient(t.Context(), transient)
		if errors.As(err, &refused) && refused.Name == "org.freedesktop.systemd1.UnitExists" {
			continue // systemd has not forgotten the last one yet
		}
		if err != nil || result != units.JobFailed {
			t.Errorf("one that exits before it is ready: %q, %v", result, err)
		}
		break
	}
	if seen, err = service.Read(t.Context()); err != nil || seen.ExecMainStatus != 6 {
		t.Errorf("what it ended with: %+v, %v", seen, err)
	}
}

func testLost(t *testing.T, s *sandbox.Sandbox) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	conn := dial(t, s)
	defer conn.Close()
	web := conn.Cluster("web")
	list(t, web)
	for len(web.Changes()) > 0 {
		<-web.Changes()
	}
	waiting := make(chan error, 1)
	go func() {
		_, err := conn.Restart(t.Context(), "web@slow.service")
		waiting <- err
	}()
	waitForState(t, s, "web@slow.service", "activating")
	run(t, s, "systemctl restart dbus.service")
	if err := <-waiting; !errors.Is(err, bus.ErrLost) {
		t.Errorf("a job whose bus went away: %v", err)
	}
	<-conn.Lost()
	<-web.Changes()
	if _, err := web.List(t.Context()); !errors.Is(err, bus.ErrLost) {
		t.Errorf("a look without a bus: %v", err)
	}
}

func list(t *testing.T, web *bus.Cluster) units.Cluster {
	t.Helper()
	seen, err := web.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// waitFor looks after every hint until the cluster is as wanted.
func waitFor(t *testing.T, web *bus.Cluster, wanted func(units.Cluster) bool) {
	t.Helper()
	for {
		seen, err := web.List(t.Context())
		if err != nil && !errors.Is(err, bus.ErrLost) && !errors.Is(err, bus.ErrNoSystemd) {
			t.Fatal(err)
		}
		if err == nil && wanted(seen) {
			return
		}
		select {
		case <-web.Changes():
		case <-time.After(time.Minute):
			t.Fatalf("no hint came, and the cluster is %+v", seen)
		}
	}
}

func waitForState(t *testing.T, s *sandbox.Sandbox, unit, state string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		out, _ := s.Run(t.Context(), "systemctl", "is-active", unit) // its exit code says the same
		if strings.TrimSpace(out) == state {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is %s and not %s", unit, out, state)
		}
	}
}

func TestDial_WithoutABus(t *testing.T) {
	_, err := bus.Dial(t.Context(), "unix:path="+t.TempDir()+"/none")
	if !errors.Is(err, bus.ErrNoSystemd) || !strings.Contains(err.Error(), "no message bus at") {
		t.Errorf("got %v", err)
	}
}

func TestConnect_OfTheUserManagerNeedsALogin(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", "")
	_, err := bus.Connect(t.Context(), bus.User)
	if !errors.Is(err, bus.ErrNoSystemd) || !strings.Contains(err.Error(), "this login has no user manager") {
		t.Errorf("got %v", err)
	}
}
