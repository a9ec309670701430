package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// layoutSpec has workers that are spoiled one by one and come back at once.
const layoutSpec = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080

[Rollout]
Health=http /healthz

[Service]
ExecStart=/opt/workers/go-worker --instance %i --bad-file /run/bad-%i
RestartSec=50ms
`

// The units are as they are because of what systemd does without them. Each of
// these stories fails when the setting that it is about is taken out.
func TestLayout(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web, err := s.Install(t.Context(), "web", layoutSpec, 4)
		if err != nil {
			t.Fatal(err)
		}
		run(t, web, "systemctl", "start", "web.socket")
		for _, story := range []struct {
			name string
			tell func(*testing.T, *stage.Cluster)
		}{
			{"the first connection starts the cluster", firstConnectionStarts},
			{"a stopped worker stays stopped", stoppedStaysStopped},
			{"a stop waits for the drain", stopWaitsForTheDrain},
			{"a worker's start leaves the listener non-blocking", listenerStaysNonBlocking},
			{"a crash loop leaves the listener open", crashLoopLeavesTheListener},
			{"the socket is repaired with workers up", socketIsRepaired},
			{"a new listener that is full holds nothing", fullListenerHoldsNothing},
			{"what waits in the old listener is served", oldListenerIsEmptied},
			{"with every worker down requests wait", requestsWaitForTheFirstWorker},
			{"a worker without its listener does not come up", workerWithoutListener},
		} {
			t.Run(story.name, func(t *testing.T) { story.tell(t, web) })
			for _, unit := range append(web.WorkerNames(), "web.socket") {
				eventually(t, unit+" is active again", func() bool { return property(t, web, unit, "ActiveState") == "active" })
			}
		}
	})
}

func firstConnectionStarts(t *testing.T, web *stage.Cluster) {
	for _, unit := range web.WorkerNames() {
		if state := property(t, web, unit, "ActiveState"); state != "inactive" {
			t.Fatalf("%s is %s before the first connection", unit, state)
		}
	}
	get(t, web)
}

// With Service=web@1.service in the socket, the next connection would start a
// stopped worker again.
func stoppedStaysStopped(t *testing.T, web *stage.Cluster) {
	run(t, web, "systemctl", "stop", "web@1.service")
	for range 20 {
		get(t, web)
	}
	if state := property(t, web, "web@1.service", "ActiveState"); state != "inactive" {
		t.Errorf("web@1.service is %s after it was stopped", state)
	}
	eventually(t, "the admin socket of a stopped worker is gone, so that no question starts the worker", func() bool {
		return property(t, web, "web-admin@1.socket", "ActiveState") == "inactive"
	})
	run(t, web, "systemctl", "start", "web@1.service")
}

func stopWaitsForTheDrain(t *testing.T, web *stage.Cluster) {
	conn, err := web.Dial(t.Context(), "tcp", stage.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	responses := bufio.NewReader(conn)
	ask(t, conn, "/") // now a worker holds the connection
	answered(t, responses)
	ask(t, conn, "/?sleep=1s")
	run(t, web, "systemctl", "stop", "web.service")
	for _, unit := range web.WorkerNames() {
		if state := property(t, web, unit, "ActiveState"); state != "inactive" {
			t.Errorf("%s is %s after the stop of the cluster", unit, state)
		}
	}
	answered(t, responses)
	if state := property(t, web, "web.socket", "ActiveState"); state != "active" {
		t.Errorf("the socket is %s after the stop of the cluster", state)
	}
	get(t, web) // starts it again
}

// Without NonBlocking=yes systemd clears O_NONBLOCK at each start of a worker,
// on the one open file description that all of them share.
func listenerStaysNonBlocking(t *testing.T, web *stage.Cluster) {
	run(t, web, "systemctl", "restart", "web@2.service")
	for _, info := range listenerDescriptors(t, web, "web@1.service") {
		flags := regexp.MustCompile(`flags:\s*([0-7]+)`).FindStringSubmatch(info)
		if flags == nil || number(t, flags[1])/1000%10&4 == 0 { // O_NONBLOCK is 04000
			t.Errorf("the listener of web@1 after a start of web@2, wanted the flag 04000:\n%s", info)
		}
	}
}

// listenerDescriptors are the fdinfo of the descriptors by which a worker holds
// the shared listener (proc_pid_fdinfo(5)).
func listenerDescriptors(t *testing.T, web *stage.Cluster, unit string) []string {
	t.Helper()
	inode := regexp.MustCompile(`ino:(\d+)`).FindStringSubmatch(run(t, web, "ss", "-Hltne", "sport = :8080"))
	pid := property(t, web, unit, "MainPID")
	links := run(t, web, "ls", "-l", "/proc/"+pid+"/fd")
	var infos []string
	for _, link := range regexp.MustCompile(`(\d+) -> socket:\[`+inode[1]+`\]`).FindAllStringSubmatch(links, -1) {
		infos = append(infos, run(t, web, "cat", "/proc/"+pid+"/fdinfo/"+link[1]))
	}
	if len(infos) == 0 {
		t.Fatalf("%s does not hold the listener %s:\n%s", unit, inode[1], links)
	}
	return infos
}

// A worker at its start limit would put the socket into "failed".
func crashLoopLeavesTheListener(t *testing.T, web *stage.Cluster) {
	spoil(t, web, "3")
	_, _ = web.Run(t.Context(), "systemctl", "restart", "web@3.service") // it fails, as told
	eventually(t, "web@3 has been restarted more often than the default start limit allows", func() bool {
		return number(t, property(t, web, "web@3.service", "NRestarts")) > 5
	})
	if state := property(t, web, "web.socket", "ActiveState"); state != "active" {
		t.Errorf("web.socket is %s beside a worker in a crash loop", state)
	}
	get(t, web)
	mend(t, web, "3")
}

func socketIsRepaired(t *testing.T, web *stage.Cluster) {
	before := invocations(t, web)
	requests, err := web.Load(t.Context(), load.NewConnection, rate)
	if err != nil {
		t.Fatal(err)
	}
	run(t, web, "systemctl", "restart", "web.socket")
	for unit, invocation := range invocations(t, web) {
		if invocation != before[unit] {
			t.Errorf("the restart of the socket restarted %s", unit)
		}
	}
	if n := listeners(t, web); n != 2 {
		t.Errorf("%d listeners after the repair, wanted the new one beside the one that workers hold", n)
	}
	run(t, web, stage.Clusterctl, "rollout", "restart", "web")
	if report := requests.Stop(); report.Failed != 0 {
		t.Errorf("the repair cost requests: %s", report)
	}
	if n := listeners(t, web); n != 1 {
		t.Errorf("%d listeners after every worker was rolled, wanted 1", n)
	}
}

// After a restart of the socket nobody accepts from the new listener until the
// first worker is rolled. A rollout that waited for room in it would wait for
// itself.
func fullListenerHoldsNothing(t *testing.T, web *stage.Cluster) {
	const dropIn = "/etc/systemd/system/web.socket.d/backlog.conf"
	if err := web.WriteFile(dropIn, []byte("[Socket]\nBacklog=2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, web, "systemctl", "daemon-reload")
	run(t, web, "systemctl", "restart", "web.socket")
	var waiting []*bufio.Reader
	full := regexp.MustCompile(`(?m)^LISTEN 3 +2 `) // it takes one more than its backlog
	for !full.MatchString(run(t, web, "ss", "-Hltn", "sport = :8080")) {
		if responses := askedInVain(t, web); responses != nil {
			waiting = append(waiting, responses)
		}
	}
	run(t, web, stage.Clusterctl, "rollout", "restart", "web", "--timeout", "1m")
	for _, responses := range waiting {
		answered(t, responses)
	}
	run(t, web, "rm", dropIn)
	run(t, web, "systemctl", "daemon-reload")
	run(t, web, "systemctl", "restart", "web.socket")
	run(t, web, stage.Clusterctl, "rollout", "restart", "web")
}

// askedInVain is a request that nobody answers for a while, nil for one that is
// answered, or whose connection finds no room in the queue.
func askedInVain(t *testing.T, web *stage.Cluster) *bufio.Reader {
	t.Helper()
	const while = 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), while)
	defer cancel()
	conn, err := web.Dial(ctx, "tcp", stage.Address)
	if err != nil {
		return nil
	}
	t.Cleanup(func() { conn.Close() })
	ask(t, conn, "/")
	responses := bufio.NewReader(conn)
	if err := conn.SetReadDeadline(time.Now().Add(while)); err != nil {
		t.Fatal(err)
	}
	if _, err := responses.Peek(1); err == nil {
		conn.Close()
		return nil
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	return responses
}

// At its trigger limit a socket would close the port for good.
func requestsWaitForTheFirstWorker(t *testing.T, web *stage.Cluster) {
	requests, err := web.Load(t.Context(), load.NewConnection, rate)
	if err != nil {
		t.Fatal(err)
	}
	for _, instance := range []string{"1", "2", "3", "4"} {
		spoil(t, web, instance)
	}
	_, _ = web.Run(t.Context(), "systemctl", append([]string{"restart"}, web.WorkerNames()...)...) // they fail, as told
	eventually(t, "all workers have been restarted more than twenty times", func() bool {
		return number(t, property(t, web, "web@4.service", "NRestarts")) > 20
	})
	for _, instance := range []string{"1", "2", "3", "4"} {
		mend(t, web, instance)
	}
	for _, unit := range web.WorkerNames() {
		eventually(t, unit+" is active again", func() bool { return property(t, web, unit, "ActiveState") == "active" })
	}
	if report := requests.Stop(); report.Failed != 0 {
		t.Errorf("requests did not wait: %s", report)
	}
}

// A worker that came up without its listener would count as available, and a
// rollout would lose the cluster worker by worker.
func workerWithoutListener(t *testing.T, web *stage.Cluster) {
	const dropIn = "/etc/systemd/system/web.socket.d/broken.conf"
	if err := web.WriteFile(dropIn, []byte("[Unit]\nAssertPathExists=/nonexistent\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, web, "systemctl", "daemon-reload")
	run(t, web, "systemctl", "stop", "web.socket")
	if out, err := web.Run(t.Context(), "systemctl", "restart", "web@2.service"); err == nil {
		t.Errorf("web@2 came up without its listener: %s", out)
	}
	journal, err := web.Journal(t.Context(), "--unit", "web@2.service", "-n", "20")
	if err != nil || !strings.Contains(journal, `socket "http": wanted a descriptor of that name`) {
		t.Errorf("the worker did not say what it misses (%v): %s", err, journal)
	}
	out, err := web.Run(t.Context(), stage.Clusterctl, "rollout", "restart", "web")
	requireExit(t, err, 6)
	if want := `the listener "web.socket" is inactive`; !strings.Contains(out, want) {
		t.Errorf("the rollout's refusal has no %q: %s", want, out)
	}
	get(t, web) // the other workers still have it
	run(t, web, "rm", dropIn)
	run(t, web, "systemctl", "daemon-reload")
	run(t, web, "systemctl", "start", "web.socket")
	run(t, web, stage.Clusterctl, "rollout", "restart", "web")
}

func spoil(t *testing.T, web *stage.Cluster, instance string) {
	t.Helper()
	if err := web.WriteFile("/run/bad-"+instance, []byte("exit"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mend(t *testing.T, web *stage.Cluster, instance string) {
	t.Helper()
	run(t, web, "rm", "/run/bad-"+instance)
}

func listeners(t *testing.T, web *stage.Cluster) int {
	t.Helper()
	return strings.Count(run(t, web, "ss", "-Hltn", "sport = :8080"), "\n")
}

func ask(t *testing.T, conn net.Conn, path string) {
	t.Helper()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: web\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
}

func answered(t *testing.T, responses *bufio.Reader) http.Header {
	t.Helper()
	response, err := http.ReadResponse(responses, nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	body := make([]byte, response.ContentLength)
	if _, err := response.Body.Read(body); response.StatusCode != http.StatusOK {
		t.Fatalf("%s (%v)", response.Status, err)
	}
	return response.Header
}

// get is one request on a connection of its own.
func get(t *testing.T, web *stage.Cluster) http.Header {
	t.Helper()
	conn, err := web.Dial(t.Context(), "tcp", stage.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask(t, conn, "/")
	return answered(t, bufio.NewReader(conn))
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
