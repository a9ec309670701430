package activationtest

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/activation"
)

// patience is how long to wait for what will not come.
const patience = 30 * time.Second

// Worker is a worker that runs in the test.
type Worker struct {
	t        testing.TB
	systemd  *Systemd
	stop     context.CancelFunc
	ended    chan error
	notified []string
}

// Start runs a worker, and returns when it has notified READY=1. If it ends
// before that, the test fails.
func (s *Systemd) Start(worker activation.Worker) *Worker {
	s.t.Helper()
	w := s.Begin(worker)
	w.WaitFor("READY=1")
	return w
}

// Begin runs a worker, and doesn't wait.
func (s *Systemd) Begin(worker activation.Worker) *Worker {
	s.t.Helper()
	sockets, err := s.given()
	if err != nil {
		s.t.Fatal(err)
	}
	worker.Sockets = sockets
	ctx, stop := context.WithCancel(context.Background())
	w := &Worker{t: s.t, systemd: s, stop: stop, ended: make(chan error, 1)}
	go func() { w.ended <- worker.Run(ctx) }()
	s.t.Cleanup(stop)
	return w
}

// Stop ends the worker as SIGTERM would, and returns what its Run returned.
func (w *Worker) Stop() error {
	w.t.Helper()
	w.stop()
	return w.Wait()
}

// Wait returns what Run returned, once the worker has ended by itself.
func (w *Worker) Wait() error {
	w.t.Helper()
	select {
	case err := <-w.ended:
		w.ended <- err
		return err
	case <-time.After(patience):
		w.t.Fatalf("worker did not end in %s", patience)
		return nil
	}
}

// WaitFor returns when the worker has notified a line that begins with state,
// such as "READY=1" or "STATUS=".
func (w *Worker) WaitFor(state string) {
	w.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case message := <-w.systemd.heard:
			lines := strings.Split(message, "\n")
			w.notified = append(w.notified, lines...)
			if slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, state) }) {
				return
			}
		case err := <-w.ended:
			w.t.Fatalf("worker ended before %q: %v", state, err)
		case <-limit:
			w.t.Fatalf("no %q in %s", state, patience)
		}
	}
}

// Notified returns the lines that WaitFor has read up to now, in order.
func (w *Worker) Notified() []string { return slices.Clone(w.notified) }

// Ask sends a request to the worker's admin socket, and returns status and body.
func (w *Worker) Ask(method, path string) (int, string) {
	w.t.Helper()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", w.systemd.admin)
		},
	}
	request, err := http.NewRequestWithContext(w.t.Context(), method, "http://admin"+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: transport, Timeout: patience}).Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, strings.TrimSpace(string(body))
}
