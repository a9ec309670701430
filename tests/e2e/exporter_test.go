package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/tests/stage"
)

const (
	exporterProgram = "/usr/libexec/clusterctl/clusterctl-exporter"
	exporterSocket  = "clusterctl-exporter.socket"
	exporterService = "clusterctl-exporter.service"
	exporterAddress = "127.0.0.1:9836"
)

// buildExporter builds it once for all stories.
var buildExporter = sync.OnceValues(func() (string, error) {
	program := filepath.Join(filepath.Dir(programs.Clusterctl), "clusterctl-exporter")
	build := exec.Command("go", "build", "-trimpath", "-o", program, "./cmd/clusterctl-exporter")
	build.Dir, build.Env = stage.Root(), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the exporter: %w\n%s", err, out)
	}
	return program, nil
})

// installExporter puts the exporter and its units where packages put them.
func installExporter(t *testing.T, s *stage.Stage) {
	t.Helper()
	program, err := buildExporter()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CopyFile(program, exporterProgram, 0o755); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		"systemd/" + exporterSocket: "/usr/lib/systemd/system/" + exporterSocket, "systemd/" + exporterService: "/usr/lib/systemd/system/" + exporterService,
		"sysusers.d/clusterctl-exporter.conf": "/usr/lib/sysusers.d/clusterctl-exporter.conf",
	} {
		if err := s.CopyFile(filepath.Join(stage.Root(), "cmd", "dist", from), to, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Run(t.Context(), "systemd-sysusers", "clusterctl-exporter.conf"); err != nil {
		t.Fatal(err)
	}
}

// scrape asks as Prometheus does.
func scrape(ctx context.Context, s *stage.Stage) (string, error) {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return s.Dial(ctx, network, address)
	}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+exporterAddress+"/metrics", nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if text := string(body); response.StatusCode != http.StatusOK || !strings.HasSuffix(text, "# EOF\n") {
		return "", fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(body), nil
}

func mustScrape(t *testing.T, s *stage.Stage) string {
	t.Helper()
	text, err := scrape(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// requireSamples wants lines of the text, each a sample and its value.
func requireSamples(t *testing.T, text string, samples ...string) {
	t.Helper()
	for _, sample := range missingSamples(text, samples) {
		name, _, _ := strings.Cut(sample, "{")
		t.Errorf("no sample %s, but:\n%s", sample, strings.Join(regexp.MustCompile(`(?m)^`+name+`\{.*`).FindAllString(text, -1), "\n"))
	}
}

func missingSamples(text string, samples []string) []string {
	return slices.DeleteFunc(slices.Clone(samples), func(sample string) bool { return strings.Contains(text, "\n"+sample+"\n") })
}

// scrapeFor scrapes until the samples are there: a worker on a machine out of
// breath may miss the second that it has for its answer.
func scrapeFor(t *testing.T, s *stage.Stage, samples ...string) {
	t.Helper()
	text := ""
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if text = mustScrape(t, s); len(missingSamples(text, samples)) == 0 {
			return
		}
	}
	requireSamples(t, text, samples...)
}

// The first scrape starts the exporter, it answers for all workers with no more
// rights than it needs, ends when nobody asks, and no scrape is lost on the way.
func TestExporter(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, webSpec)
		run(t, web, stage.Clusterctl, "rollout", "restart", "web")
		installExporter(t, s)
		run(t, web, "systemctl", "daemon-reload")
		run(t, web, "systemctl", "enable", "--now", exporterSocket)
		if state := property(t, web, exporterService, "ActiveState"); state != "inactive" {
			t.Errorf("before the first scrape the exporter is %s", state)
		}

		scrapeFor(t, s,
			`clusterctl_cluster_active{cluster="web"} 1.0`,
			`clusterctl_cluster_workers{cluster="web",state="active"} 4.0`,
			`clusterctl_cluster_workers_enabled{cluster="web"} 4.0`,
			`clusterctl_cluster_workers_available{cluster="web"} 4.0`,
			`clusterctl_cluster_workers_updated{cluster="web"} 4.0`,
			`clusterctl_listener_active{cluster="web",socket="web.socket"} 1.0`,
			`clusterctl_listener_queue_length{address="127.0.0.1:8080",cluster="web"} 0.0`,
			`clusterctl_rollout_phase{cluster="web",phase="Complete"} 1.0`,
			`clusterctl_rollout_revision{cluster="web"} 1.0`,
			`clusterctl_scrape_errors{cluster="web",source="units"} 0.0`,
			`clusterctl_scrape_errors{cluster="web",source="state"} 0.0`,
			`clusterctl_scrape_errors{cluster="web",source="workers"} 0.0`,
			`clusterctl_worker_answers{cluster="web",worker="4"} 1.0`,
			`clusterctl_worker_requests_in_flight{cluster="web",listener="http",worker="4"} 0.0`,
		)
		t.Run("the policy is read", func(t *testing.T) { exporterKnowsThePolicy(t, web) })
		t.Run("what it may do", func(t *testing.T) { exporterMayDoLittle(t, web) })
		t.Run("a worker that hangs", func(t *testing.T) { exporterPassesOverAWorkerThatHangs(t, web) })
		t.Run("a drained worker", func(t *testing.T) { exporterTellsOfADrainedWorker(t, web) })
		t.Run("a Unix socket", func(t *testing.T) { exporterAnswersOnAUnixSocket(t, web) })
		t.Run("idle", func(t *testing.T) { exporterEndsWhenIdle(t, web) })
		t.Run("scrapes across its ends", func(t *testing.T) { exporterLosesNoScrape(t, web) })
		t.Run("stdout", func(t *testing.T) { metricsCommandPrintsTheSame(t, web) })
	})
}

// The exporter sees what it reads and nothing else, and can write nowhere but in a
// /tmp of its own. Its privilege would open everything that it sees.
func exporterMayDoLittle(t *testing.T, web *stage.Cluster) {
	conn, err := web.Dial(t.Context(), "tcp", exporterAddress) // it does not end meanwhile
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	mustScrape(t, web.Stage)
	process := "/proc/" + property(t, web, exporterService, "MainPID")
	for dir, want := range map[string]string{
		"/": "dev etc lib proc root run sys tmp usr var", "/etc": "systemd", "/etc/systemd": "system", "/lib": "systemd", "/usr/lib": "systemd", "/var": "lib tmp", "/var/lib": "clusterctl",
		"/run/clusterctl-exporter": "", "/root": "", "/tmp": "",
	} {
		if seen := strings.Fields(run(t, web, "ls", process+"/root"+dir)); strings.Join(seen, " ") != want {
			t.Errorf("in %s it sees %q, wanted %q", dir, seen, want)
		}
	}
	kernel := regexp.MustCompile(`^/(dev|proc|sys)(/|$)`) // with protections of their own
	for _, mount := range regexp.MustCompile(`(?m)^\S+ \S+ \S+ \S+ (\S+) (rw|ro)\b`).FindAllStringSubmatch(run(t, web, "cat", process+"/mountinfo"), -1) {
		if where := mount[1]; mount[2] == "rw" && !kernel.MatchString(where) && where != "/tmp" && where != "/var/tmp" {
			t.Errorf("it may write in %s", where)
		}
	}
	if status := run(t, web, "cat", process+"/status"); regexp.MustCompile(`Uid:\s0\b`).MatchString(status) || !strings.Contains(status, "CapEff:\t0000000000000002\n") {
		t.Errorf("it has another user or other privileges:\n%s", status)
	}
	run(t, web, "systemd-analyze", "security", "--no-pager", "--threshold=20", exporterService)
	if out := run(t, web, "systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/"+exporterService, "/usr/lib/systemd/system/"+exporterSocket); strings.Contains(out, "clusterctl-exporter") {
		t.Errorf("systemd-analyze verify: %s", out)
	}
}

// The policy is read wherever systemd has found it.
func exporterKnowsThePolicy(t *testing.T, web *stage.Cluster) {
	for _, dir := range []string{"/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"} {
		dropIn := dir + "/web.service.d/slow.conf"
		if err := web.WriteFile(dropIn, []byte("[X-Cluster]\nMinReadySec=5min\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, web, "systemctl", "daemon-reload")
		scrapeFor(t, web.Stage,
			`clusterctl_cluster_workers_ready{cluster="web"} 4.0`, `clusterctl_cluster_workers_available{cluster="web"} 0.0`)
		run(t, web, "rm", dropIn)
	}
	run(t, web, "systemctl", "daemon-reload")
}

func exporterPassesOverAWorkerThatHangs(t *testing.T, web *stage.Cluster) {
	run(t, web, "systemctl", "kill", "--signal=STOP", "web@3.service")
	scrapeFor(t, web.Stage,
		`clusterctl_worker_answers{cluster="web",worker="3"} 0.0`,
		`clusterctl_worker_answers{cluster="web",worker="4"} 1.0`,
		`clusterctl_scrape_errors{cluster="web",source="workers"} 1.0`,
	)
	eventually(t, "the worker is not asked any more", func() bool {
		mustScrape(t, web.Stage)
		journal, err := web.Journal(t.Context(), "-u", exporterService)
		return err == nil && strings.Contains(journal, `worker \"web@3.service\": accepts nothing on its admin socket`)
	})
	run(t, web, "systemctl", "kill", "--signal=CONT", "web@3.service")
	scrapeFor(t, web.Stage, `clusterctl_worker_answers{cluster="web",worker="3"} 1.0`)
}

func exporterTellsOfADrainedWorker(t *testing.T, web *stage.Cluster) {
	ask := func(path string) {
		client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return web.Dial(ctx, "unix", "/run/web/2.sock")
		}}}
		defer client.CloseIdleConnections()
		answer, err := client.Post("http://admin"+path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, answer.Status)
		}
	}
	ask("/drain")
	scrapeFor(t, web.Stage,
		`clusterctl_worker_drained{cluster="web",worker="2"} 1.0`, `clusterctl_cluster_workers_ready{cluster="web"} 3.0`)
	ask("/undrain")
	scrapeFor(t, web.Stage, `clusterctl_worker_drained{cluster="web",worker="2"} 0.0`)
}

// A Unix socket beside the address takes three lines, as its unit says.
func exporterAnswersOnAUnixSocket(t *testing.T, web *stage.Cluster) {
	const path = "/run/clusterctl-exporter.sock"
	dropIn := "/run/systemd/system/" + exporterSocket + ".d/unix.conf"
	if err := web.WriteFile(dropIn, []byte("[Socket]\nListenStream="+path+"\nSocketMode=0660\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, web, "systemctl", "daemon-reload")
	run(t, web, "systemctl", "restart", exporterSocket)
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return web.Dial(ctx, "unix", path)
	}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://exporter/metrics")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("on the Unix socket: %s", answer.Status)
	}
	mustScrape(t, web.Stage)
}

func exporterEndsWhenIdle(t *testing.T, web *stage.Cluster) {
	first := property(t, web, exporterService, "InvocationID")
	eventually(t, "the exporter has ended", func() bool {
		return property(t, web, exporterService, "ActiveState") == "inactive"
	})
	if result := property(t, web, exporterService, "Result"); result != "success" {
		t.Errorf("it ended with %s", result)
	}
	mustScrape(t, web.Stage)
	if again := property(t, web, exporterService, "InvocationID"); again == first {
		t.Error("the next scrape was answered by nobody new")
	}
}

// With an idle time as short as a scrape, ends and scrapes meet all the time.
func exporterLosesNoScrape(t *testing.T, web *stage.Cluster) {
	dropIn := "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=\nExecStart=" + exporterProgram + " --exit-idle-time=10ms\nLogLevelMax=info\n"
	if err := web.WriteFile("/run/systemd/system/"+exporterService+".d/short.conf", []byte(dropIn), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, web, "systemctl", "daemon-reload")
	run(t, web, "systemctl", "stop", exporterService)
	starts := func() int {
		journal, err := web.Journal(t.Context(), "-u", exporterService, "--output=cat")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(journal, "Started "+exporterService)
	}
	// Two scrapes at a time, and between them a pause in which it may end or not.
	const wantedEnds, enough = 10, 300
	first, scrapes := starts(), 0
	for ends := 0; ends < wantedEnds; {
		if scrapes > enough {
			t.Fatalf("%d scrapes, and the exporter ended %d times among them", scrapes, ends)
		}
		var scraping sync.WaitGroup
		for range 2 {
			scraping.Go(func() {
				time.Sleep(rand.N(10 * time.Millisecond))
				if _, err := scrape(t.Context(), web.Stage); err != nil {
					t.Errorf("a scrape was lost: %v", err)
				}
			})
		}
		scraping.Wait()
		time.Sleep(rand.N(40 * time.Millisecond))
		if scrapes += 2; scrapes%20 == 0 {
			ends = starts() - first
		}
	}
	t.Logf("%d scrapes, %d starts of the exporter", scrapes, starts()-first)
	if state := property(t, web, exporterSocket, "ActiveState"); state != "active" {
		t.Errorf("its socket is %s", state)
	}
}

// metricsCommandPrintsTheSame holds what is printed on a real systemd against
// Prometheus' own lint.
func metricsCommandPrintsTheSame(t *testing.T, web *stage.Cluster) {
	requireSamples(t, run(t, web, stage.Clusterctl, "metrics"), `clusterctl_cluster_workers_ready{cluster="web"} 4.0`)
	text := run(t, web, stage.Clusterctl, "metrics", "-o", "text")
	lint := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	lint.Stdin = strings.NewReader(text)
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s\n%s", err, out, text)
	}
	out, err := web.Run(t.Context(), "env", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere", stage.Clusterctl, "metrics")
	requireExit(t, err, 6)
	if !strings.Contains(out, `no message bus at "unix:path=/nowhere"`) {
		t.Errorf("without a bus: %s", out)
	}
	run(t, web, "rm", exporterProgram)
	out, err = web.Run(t.Context(), stage.Clusterctl, "metrics")
	requireExit(t, err, 1)
	if !strings.Contains(out, "clusterctl: clusterctl-exporter is not installed: ") || !strings.Contains(out, "hint: ") {
		t.Errorf("without the exporter: %s", out)
	}
}
