package worker

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// refused is a worker that ended before READY=1 and said why.
func refused(t *testing.T, worker *process, why string) {
	t.Helper()
	if status := worker.wait(); status == 0 {
		t.Error("exit status 0, wanted a failure")
	}
	select {
	case <-worker.ready:
		t.Error("said READY=1")
	default:
	}
	if text := worker.stderr.String(); !strings.Contains(text, why) {
		t.Errorf("stderr has no %q:\n%s", why, text)
	}
}

func refusesAnotherProcess(t *testing.T, p program) {
	p.environment = []string{"LISTEN_PID=1"}
	refused(t, spawnWith(t, p, "1", socket{"http", listen(t)}), "LISTEN_PID")
}

func refusesNoDescriptor(t *testing.T, p program) {
	refused(t, spawnWith(t, p, "1"), "")
}

func refusesOtherNames(t *testing.T, p program) {
	refused(t, spawnWith(t, p, "1", socket{"web", listen(t)}), "http")
}

func takesByName(t *testing.T, p program) {
	shared := listen(t)
	admin := listenAdmin(t)
	worker := spawnWith(t, p, "1", socket{"admin", admin}, socket{"http", shared})
	worker.waitReady()
	if status, _, body := get(t, "tcp", shared.Addr().String(), "/"); status != http.StatusOK || !strings.HasPrefix(body, "worker 1") {
		t.Errorf("the listener: got %d %q", status, body)
	}
	if status, _, body := get(t, "unix", admin.Addr().String(), "/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("the admin socket: got %d %q", status, body)
	}
}

// A connection waits from before the start. When it is answered, READY=1 has
// been sent: it stands in the notify socket before anything sent from here.
func readyBeforeAccept(t *testing.T, p program) {
	shared := listen(t)
	client := dial(t, shared.Addr())
	client.send("/")
	worker := spawn(t, p, "1", shared)
	client.answer()
	worker.mark()
	worker.waitFor("MARK=1")
	if ready, mark := worker.index("READY=1"), worker.index("MARK=1"); ready < 0 || ready > mark {
		t.Errorf("answered before READY=1: %q", worker.notified())
	}
}

func leavesNonBlocking(t *testing.T, p program) {
	shared := listen(t)
	spawn(t, p, "1", shared).waitReady()
	file := inheritable(t, shared)
	defer file.Close()
	raw, err := file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var flags int
	if err := raw.Control(func(fd uintptr) { flags, _ = unix.FcntlInt(fd, unix.F_GETFL, 0) }); err != nil {
		t.Fatal(err)
	}
	if flags&unix.O_NONBLOCK == 0 {
		t.Error("O_NONBLOCK is gone, for all workers")
	}
}

func answersHealth(t *testing.T, p program) {
	worker := spawn(t, p, "7", listen(t))
	worker.waitReady()
	if status, _, body := get(t, "unix", worker.admin, "/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("got %d %q, wanted 200 ok", status, body)
	}
	if status, _, _ := get(t, "unix", worker.admin, "/elsewhere"); status != http.StatusNotFound {
		t.Errorf("/elsewhere: got %d, wanted 404", status)
	}
}

func answersReady(t *testing.T, p program) {
	worker := spawn(t, p, "7", listen(t))
	worker.waitReady()
	if status, _, body := get(t, "unix", worker.admin, "/readyz"); status != http.StatusOK {
		t.Errorf("got %d %q, wanted 200", status, body)
	}
}

// stats is what a worker answers; a number that it leaves out is nil.
type stats struct {
	State    string
	PID      int
	Start    float64 `json:"start_time_seconds"`
	Services map[string]map[string]int64
}

func (p *process) stats() stats {
	p.t.Helper()
	status, _, body := get(p.t, "unix", p.admin, "/stats")
	if status != http.StatusOK {
		p.t.Fatalf("/stats: got %d %q", status, body)
	}
	var answer stats
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		p.t.Fatalf("/stats: %v: %s", err, body)
	}
	return answer
}

func answersStats(t *testing.T, p program) {
	before := float64(time.Now().UnixNano()) / 1e9
	shared := listen(t)
	worker := spawn(t, p, "7", shared)
	worker.waitReady()
	for range 3 {
		get(t, "tcp", shared.Addr().String(), "/")
	}
	known := []string{"accepted", "connections", "hijacked", "requests", "errors", "in_flight", "panics", "drained", "cut"}
	var answer stats
	eventually(t, "3 requests are counted", func() bool {
		answer = worker.stats()
		return answer.Services["http"]["requests"] == 3
	})
	if after := float64(time.Now().UnixNano()) / 1e9; answer.State != "ready" || answer.PID == 0 || answer.Start < before-1 || answer.Start > after+1 {
		t.Errorf("got %+v, wanted ready, and a start between %f and %f", answer, before, after)
	}
	for name, value := range answer.Services["http"] {
		if value < 0 || !slices.Contains(known, name) {
			t.Errorf("%s: %d is not in the contract", name, value)
		}
	}
}

func goesOutAndBack(t *testing.T, p program) {
	shared := listen(t)
	worker := spawn(t, p, "7", shared)
	worker.waitReady()
	kept := dial(t, shared.Addr())
	kept.send("/")
	kept.answer()

	worker.post("/undrain", http.StatusConflict)
	worker.post("/drain", http.StatusOK)
	worker.post("/drain", http.StatusConflict)
	kept.send("/")
	if answer := kept.answer(); !answer.Close {
		t.Error("out of service: wanted Connection: close")
	}
	eventually(t, "the worker is drained", func() bool { return worker.stats().State == "drained" })
	if status, _, body := get(t, "unix", worker.admin, "/readyz"); status != http.StatusServiceUnavailable || strings.TrimSpace(body) != "drained" {
		t.Errorf("/readyz: got %d %q, wanted 503 drained", status, body)
	}
	accepted := worker.stats().Services["http"]["accepted"]
	waiting := dial(t, shared.Addr())
	waiting.send("/")
	if now := worker.stats().Services["http"]["accepted"]; now != accepted {
		t.Errorf("accepted %d out of service", now-accepted)
	}
	worker.post("/undrain", http.StatusOK)
	if answer := waiting.answer(); answer.Close {
		t.Error("in service: wanted a connection that stays")
	}
	if state := worker.stats().State; state != "ready" {
		t.Errorf("got %s, wanted ready", state)
	}
}

func hearsOwners(t *testing.T, p program) {
	if os.Geteuid() != 0 {
		t.Skip("to be another user takes root")
	}
	worker := spawn(t, p, "7", listen(t))
	worker.waitReady()
	for path, mode := range map[string]os.FileMode{
		worker.admin: 0o666, filepath.Dir(worker.admin): 0o711, filepath.Dir(filepath.Dir(worker.admin)): 0o711,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	for _, path := range []string{"/drain", "/undrain"} {
		if status, err := postAs(nobody, worker.admin, path); status != http.StatusForbidden || err != nil {
			t.Errorf("%s of another user: got %d, %v, wanted 403", path, status, err)
		}
	}
	if state := worker.stats().State; state != "ready" {
		t.Errorf("got %s, wanted ready", state)
	}
}

func feedsWatchdog(t *testing.T, p program) {
	p.environment = []string{"WATCHDOG_USEC=300000"}
	worker := spawn(t, p, "7", listen(t))
	worker.waitReady()
	eventually(t, "WATCHDOG=1 comes again and again", func() bool { return worker.count("WATCHDOG=1") >= 3 })
}

func finishesInFlight(t *testing.T, p program) {
	shared := listen(t)
	worker := spawn(t, p, "7", shared)
	worker.waitReady()
	client := dial(t, shared.Addr())
	client.send("/?sleep=500ms")
	worker.waitInFlight()
	worker.terminate()
	if answer := client.answer(); answer.StatusCode != http.StatusOK {
		t.Errorf("got %s", answer.Status)
	}
	worker.expectEnd()
}

func answersOnceMore(t *testing.T, p program) {
	shared := listen(t)
	worker := spawn(t, p, "7", shared)
	worker.waitReady()
	client := dial(t, shared.Addr())
	client.send("/")
	closing := client.answer().Close // gunicorn's always are
	worker.terminate()
	for !closing { // the signal takes its time
		client.send("/")
		closing = client.answer().Close
	}
	worker.expectEnd()
}

func endsBySelf(t *testing.T, p program) {
	shared := listen(t)
	worker := spawn(t, p, "7", shared)
	worker.waitReady()
	client := dial(t, shared.Addr())
	client.send("/")
	client.answer()
	worker.terminate()
	client.expectClosed()
	worker.expectEnd()
}

func answersUntilTheEnd(t *testing.T, p program) {
	shared := listen(t)
	worker := spawn(t, p, "7", shared)
	worker.waitReady()
	client := dial(t, shared.Addr())
	client.send("/?sleep=1s")
	worker.waitInFlight()
	worker.terminate()
	worker.waitFor("STOPPING=1")
	if status, _, body := get(t, "unix", worker.admin, "/readyz"); status != http.StatusServiceUnavailable || strings.TrimSpace(body) != "stopping" {
		t.Errorf("/readyz: got %d %q, wanted 503 stopping", status, body)
	}
	client.answer()
	worker.expectEnd()
}

func saysStopping(t *testing.T, p program) {
	worker := spawn(t, p, "7", listen(t))
	worker.waitReady()
	worker.terminate()
	worker.waitFor("STOPPING=1")
	worker.expectEnd()
}

// The worker holds the last descriptor of the listener, and is out of service,
// so that the connections wait for certain.
func takesWhatWaits(t *testing.T, p program) {
	shared := listen(t)
	worker := spawn(t, p, "7", shared)
	worker.waitReady()
	address := shared.Addr()
	shared.Close()
	worker.post("/drain", http.StatusOK)
	var waiting []*client
	for range 10 {
		client := dial(t, address)
		client.send("/")
		waiting = append(waiting, client)
	}
	worker.terminate()
	for _, client := range waiting {
		client.answer()
	}
	worker.expectEnd()
}

func listenAdmin(t *testing.T) *net.UnixListener {
	t.Helper()
	admin, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "admin.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	return admin
}
