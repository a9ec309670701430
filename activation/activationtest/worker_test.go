package activationtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"github.com/clusterctl/clusterctl/activation"
	"github.com/clusterctl/clusterctl/activation/activationtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("os/signal.loop"))
}

func worker() activation.Worker {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	return activation.Worker{
		Services: []activation.Service{&activation.HTTP{Name: "http", Server: &http.Server{Handler: handler}}},
	}
}

// A test of an application, whole.
func TestWorker_ServesAndStops(t *testing.T) {
	systemd := activationtest.New(t)
	address := systemd.Listen("http", "tcp", "127.0.0.1:0")
	running := systemd.Start(worker())

	answer, err := http.Get("http://" + address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "hello" {
		t.Errorf("wanted hello, got %q, %v", body, err)
	}
	http.DefaultClient.CloseIdleConnections()
	if status, body := running.Ask(http.MethodGet, "/healthz"); status != http.StatusOK || body != "ok" {
		t.Errorf("/healthz: wanted 200 ok, got %d %s", status, body)
	}
	if err := running.Stop(); err != nil {
		t.Error(err)
	}
	running = systemd.Start(worker()) // the sockets outlive a worker
	if err := running.Stop(); err != nil {
		t.Error(err)
	}
}

func TestWorker_MissingSocket(t *testing.T) {
	var missing *activation.MissingSocketError
	if err := activationtest.New(t).Begin(worker()).Wait(); !errors.As(err, &missing) || missing.Wanted != "http" {
		t.Errorf("wanted a missing socket http, got %v", err)
	}
}

func TestWorker_FailedWarmup(t *testing.T) {
	systemd := activationtest.New(t)
	systemd.Listen("http", "tcp", "127.0.0.1:0")
	broken := errors.New("no cache")
	w := worker()
	w.Warmup = []func(context.Context) error{func(context.Context) error { return broken }}
	if err := systemd.Begin(w).Wait(); !errors.Is(err, broken) {
		t.Errorf("wanted no cache, got %v", err)
	}
}
