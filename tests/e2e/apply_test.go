package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// applySpec is the file that these stories change. The units that come of it are
// not hardened: they are started often, on machines of three versions.
const applySpec = `[Cluster]
Workers=4
Hardening=no
Listen=http=127.0.0.1:8080

[Rollout]
Health=http /healthz

[Service]
ExecStart=/opt/workers/go-worker --instance %i
TimeoutStartSec=5s
RestartSec=100ms
`

// applied is a cluster with its file.
type applied struct {
	*stage.Cluster
	spec string
}

// applyEvent is a line of apply -o json that is of apply itself.
type applyEvent struct {
	Event, Verb string
	Units       []string
	Listener    string
	Waited      int64
	Revision    int // of a line that is a rollout's
}

// apply brings the cluster to its file, which must work, and wants these steps
// to be done and no others.
func (a *applied) apply(t *testing.T, steps string) []applyEvent {
	t.Helper()
	out, err := a.Run(t.Context(), stage.Clusterctl, "apply", a.Name, "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	events := applyEvents(t, strings.NewReader(out))
	var did []string
	for _, event := range events {
		if event.Event == "done" {
			did = append(did, event.Verb)
		}
	}
	if want := strings.Fields(steps); !slices.Equal(did, want) {
		t.Errorf("did %q, wanted %q", did, want)
	}
	return events
}

func applyEvents(t *testing.T, r io.Reader) []applyEvent {
	t.Helper()
	var events []applyEvent
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var event applyEvent
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		if event.Revision == 0 {
			events = append(events, event)
		}
	}
	return events
}

// change replaces a text of the file, and writes it.
func (a *applied) change(t *testing.T, from, to string) {
	t.Helper()
	if !strings.Contains(a.spec, from) {
		t.Fatalf("the file has no %q:\n%s", from, a.spec)
	}
	a.spec = strings.Replace(a.spec, from, to, 1)
	a.write(t)
}

func (a *applied) write(t *testing.T) {
	t.Helper()
	if err := a.WriteFile("/etc/clusterctl/"+a.Name+".cluster", []byte(a.spec), 0o644); err != nil {
		t.Fatal(err)
	}
}

// requireUp says that so many workers are up and none beyond them.
func (a *applied) requireUp(t *testing.T, workers int) map[string]string {
	t.Helper()
	a.Workers = workers
	next := fmt.Sprintf("%s@%d.service", a.Name, workers+1)
	if state := property(t, a.Cluster, next, "ActiveState"); state != "inactive" {
		t.Errorf("%s is %s, and the cluster has %d workers", next, state, workers)
	}
	if workers == 0 {
		return nil
	}
	return invocations(t, a.Cluster)
}

// TestApply changes a cluster in every way while requests run against it: each
// change takes the steps that it needs and no other, costs no request, and leaves
// nothing to do.
func TestApply(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		maskGenerator(t, s)
		web := &applied{&stage.Cluster{Stage: s, Name: "web"}, applySpec}
		web.write(t)
		web.apply(t, "write enable reload listen start")
		web.requireUp(t, 4)
		// What comes in the moment in which the last worker closes an old
		// listener goes to the new one.
		run(t, web.Cluster, "sysctl", "-qw", "net.ipv4.tcp_migrate_req=1")
		requests, err := web.Load(t.Context(), load.NewConnection, rate)
		if err != nil {
			t.Fatal(err)
		}
		for _, story := range []struct {
			name string
			tell func(*testing.T, *applied)
		}{
			{"what is not the workers'", applyOthers},
			{"more workers and fewer", applyWorkers},
			{"listeners", applyListeners},
			{"drop-ins", applyDropIns},
			{"what somebody did by hand", applyDrift},
			{"a bad worker", applyBad},
			{"refusals", applyRefusals},
			{"killed after each step", applyKilled},
		} {
			t.Run(story.name, func(t *testing.T) { story.tell(t, web) })
			before := web.requireUp(t, 4)
			web.apply(t, "")
			requireSame(t, before, web.requireUp(t, 4))
		}
		report := requests.Stop()
		t.Logf("%s", report)
		if report.Failed != 0 {
			t.Errorf("apply cost requests: %s", report)
		}
		t.Run("lazy", func(t *testing.T) { applyLazy(t, s) })
		t.Run("a package", func(t *testing.T) { applyPackage(t, s) })
		t.Run("releases", func(t *testing.T) { applyReleases(t, s) })
	})
}

// maskGenerator has the units of the cluster written by apply itself, whatever the
// host of these tests has installed.
func maskGenerator(t *testing.T, s *stage.Stage) {
	t.Helper()
	for _, command := range [][]string{
		{"mkdir", "-p", "/etc/systemd/system-generators"},
		{"ln", "-s", "/dev/null", "/etc/systemd/system-generators/clusterctl-generator"},
	} {
		if _, err := s.Run(t.Context(), command[0], command[1:]...); err != nil {
			t.Fatal(err)
		}
	}
}

// requireSame says that workers that were up before still are in the same start.
func requireSame(t *testing.T, before, after map[string]string) {
	t.Helper()
	for unit, invocation := range after {
		if before[unit] != "" && invocation != before[unit] {
			t.Errorf("%s was restarted", unit)
		}
	}
}

func requireRolled(t *testing.T, before, after map[string]string) {
	t.Helper()
	for unit, invocation := range after {
		if invocation == before[unit] {
			t.Errorf("%s was not restarted", unit)
		}
	}
}

// applyOthers: the policy, a comment and the slice restart no worker.
func applyOthers(t *testing.T, web *applied) {
	before := web.requireUp(t, 4)
	web.change(t, "[Rollout]\n", "[Rollout]\nMinReadySec=50ms\n")
	web.apply(t, "write reload")
	web.change(t, "[Rollout]\n", "# a comment\n[Rollout]\n")
	web.apply(t, "reload")
	web.change(t, "MinReadySec=50ms\n", "")
	web.apply(t, "write reload")
	requireSame(t, before, web.requireUp(t, 4))
}

// applyWorkers: those that are there already stay as they are.
func applyWorkers(t *testing.T, web *applied) {
	before := web.requireUp(t, 4)
	web.change(t, "Workers=4", "Workers=6")
	web.apply(t, "enable reload start")
	requireSame(t, before, web.requireUp(t, 6))
	web.change(t, "Workers=6", "Workers=2")
	web.apply(t, "disable reload drain")
	requireSame(t, before, web.requireUp(t, 2))
	dropIn := "/etc/clusterctl/web.cluster.d/50-scale.conf"
	if err := web.WriteFile(dropIn, []byte("[Cluster]\nWorkers=4\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	web.apply(t, "enable reload start")
	delete(before, "web@3.service")
	delete(before, "web@4.service")
	requireSame(t, before, web.requireUp(t, 4))
	web.change(t, "Workers=2", "Workers=4")
	run(t, web.Cluster, "rm", dropIn)
	web.apply(t, "reload")
}

// applyListeners: the old one and the new one stand side by side until the last
// worker is rolled.
func applyListeners(t *testing.T, web *applied) {
	rolled := func(steps, listener string) {
		t.Helper()
		before := web.requireUp(t, 4)
		events := web.apply(t, steps)
		requireRolled(t, before, web.requireUp(t, 4))
		at := slices.IndexFunc(events, func(e applyEvent) bool { return e.Event == "waited" && e.Listener == listener })
		switch {
		case listener == "" && slices.ContainsFunc(events, func(e applyEvent) bool { return e.Event == "waited" }):
			t.Errorf("connections waited: %+v", events)
		case listener != "" && (at < 0 || events[at].Waited <= 0):
			t.Errorf("how long connections to %s waited is not told: %+v", listener, events)
		case listener != "":
			t.Logf("connections to %s may have waited for %.1f ms", listener, float64(events[at].Waited)/1e6)
		}
	}
	web.change(t, "127.0.0.1:8080", "127.0.0.1:8080 backlog=5")
	rolled("write reload renew roll", "web.socket")
	if got := backlog(t, web); got != "5" {
		t.Errorf("the backlog is %s, wanted 5", got)
	}
	web.change(t, " backlog=5", "\nListen=http=127.0.0.1:8081")
	rolled("write reload renew roll", "web.socket")
	requireAnswer(t, web, "127.0.0.1:8081")
	web.change(t, "127.0.0.1:8081", "127.0.0.1:8082")
	rolled("write reload renew roll", "web.socket")
	requireAnswer(t, web, "127.0.0.1:8082")
	requireNobody(t, web, "127.0.0.1:8081")
	web.change(t, "http=127.0.0.1:8082", "internal=/run/internal.sock")
	rolled("write enable reload listen renew roll", "web.socket")
	requireNobody(t, web, "127.0.0.1:8082")
	if state := property(t, web.Cluster, "web-internal.socket", "UnitFileState"); state != "enabled" {
		t.Errorf("web-internal.socket is %s", state)
	}
	web.change(t, "Listen=internal=/run/internal.sock\n", "")
	rolled("disable write reload roll close", "")
	if state := property(t, web.Cluster, "web-internal.socket", "ActiveState"); state != "inactive" {
		t.Errorf("web-internal.socket is %s", state)
	}
}

func requireAnswer(t *testing.T, web *applied, address string) {
	t.Helper()
	conn, err := web.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask(t, conn, "/")
	answered(t, bufio.NewReader(conn))
}

func requireNobody(t *testing.T, web *applied, address string) {
	t.Helper()
	var conn net.Conn
	conn, err := web.Dial(t.Context(), "tcp", address)
	if err == nil {
		conn.Close()
		t.Errorf("somebody listens at %s", address)
	}
}
