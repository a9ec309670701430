package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/clusterctl/clusterctl/cmd/internal/metrics"
)

func TestRun_WrongInput(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"argument":     {[]string{"web"}, 2, "clusterctl-exporter: unexpected argument \"web\"\nhint: clusterctl-exporter --help\n"},
		"unknown flag": {[]string{"--port", "1"}, 2, "clusterctl-exporter: unknown flag: --port\nhint: clusterctl-exporter --help\n"},
		"format":       {[]string{"--once", "--output=xml"}, 2, "clusterctl-exporter: --output \"xml\": wanted \"openmetrics\" or \"text\"\nhint: clusterctl-exporter --help\n"},
		"time":         {[]string{"--exit-idle-time=-1s"}, 2, "clusterctl-exporter: --exit-idle-time -1s: wanted 0 or more\nhint: clusterctl-exporter --help\n"},
		"address":      {[]string{"--listen=nowhere"}, 1, "clusterctl-exporter: service \"metrics\": listen tcp: address nowhere: missing port in address\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), tt.args, &stdout, &stderr); code != tt.code || stderr.String() != tt.want || stdout.Len() > 0 {
				t.Errorf("exit code %d, want %d; stdout %q, stderr:\n%swant:\n%s", code, tt.code, &stdout, &stderr, tt.want)
			}
		})
	}
}

// Without systemd there is nothing to tell, and nothing is printed.
func TestRun_OnceWithoutSystemd(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+t.TempDir()+"/no-bus")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"--once"}, &stdout, &stderr)
	if code != exitRefused || stdout.Len() > 0 || !strings.Contains(stderr.String(), "no message bus at") || !strings.Contains(stderr.String(), "hint: ") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, &stdout, &stderr)
	}
}

// Started by hand it listens on an address of its own, answers although systemd
// can't be reached, and ends with the context.
func TestRun_ByHand(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+t.TempDir()+"/no-bus")
	ctx, stop := context.WithCancel(t.Context())
	log, stderr := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"--listen=127.0.0.1:0"}, io.Discard, stderr)
		stderr.Close()
	}()
	lines := bufio.NewScanner(log)
	var address string
	for address == "" && lines.Scan() {
		if found := regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
		}
	}
	go io.Copy(io.Discard, log)
	for path, want := range map[string]int{"/metrics": http.StatusServiceUnavailable, "/": http.StatusOK, "/elsewhere": http.StatusNotFound} {
		answer, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want || !answer.Close {
			t.Errorf("%s: %s, kept open: %t", path, answer.Status, !answer.Close)
		}
	}
	stop()
	if got := <-code; got != exitDone {
		t.Errorf("exit code %d", got)
	}
}

func TestHandler_AnswersInTheFormatThatIsAskedFor(t *testing.T) {
	h := handler{log: slog.New(slog.DiscardHandler), look: func(context.Context) ([]metrics.Cluster, error) {
		return []metrics.Cluster{{Name: "web"}}, nil
	}}
	for accept, want := range map[string]string{
		"": "text/plain; version=0.0.4",
		"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5": "application/openmetrics-text; version=1.0.0",
		"text/html": "text/plain; version=0.0.4",
	} {
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept", accept)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, request)
		isOpenMetrics := strings.HasSuffix(answer.Body.String(), "# EOF\n")
		if got := answer.Header().Get("Content-Type"); answer.Code != http.StatusOK || !strings.HasPrefix(got, want) || isOpenMetrics != strings.Contains(want, "openmetrics") {
			t.Errorf("%q: %d, %q, wanted %q", accept, answer.Code, got, want)
		}
	}
}

func TestHandler_SaysThatNothingCanBeRead(t *testing.T) {
	h := handler{log: slog.New(slog.DiscardHandler), look: func(context.Context) ([]metrics.Cluster, error) {
		return nil, errors.New("no bus")
	}}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusServiceUnavailable || answer.Body.String() != "the clusters can't be read: no bus\n" {
		t.Errorf("%d %q", answer.Code, answer.Body)
	}
}

func TestTimeoutOf(t *testing.T) {
	for said, want := range map[string]time.Duration{
		"": scrapeTimeout, "nonsense": scrapeTimeout, "NaN": scrapeTimeout, "-1": scrapeTimeout, "0": scrapeTimeout, "1e300": scrapeTimeout,
		"10": 9500 * time.Millisecond, "3": 2500 * time.Millisecond, "0.5": 250 * time.Millisecond,
	} {
		header := http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {said}}
		if got := timeoutOf(header); got != want {
			t.Errorf("%q: %s, want %s", said, got, want)
		}
	}
}

// The manual has each flag.
func TestManual_Flags(t *testing.T) {
	page, err := os.ReadFile("../dist/man/clusterctl-metrics.1")
	if err != nil {
		t.Fatal(err)
	}
	var o options
	o.flags().VisitAll(func(f *pflag.Flag) {
		if !regexp.MustCompile(`(?m)^\.It Cm .*--` + f.Name + `\b`).Match(page) {
			t.Errorf("clusterctl-metrics(1) lacks --%s", f.Name)
		}
	})
}
