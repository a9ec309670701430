package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// worker 3 has an admin socket that answers what the path says.
func admin(t *testing.T) Checker {
	t.Helper()
	dir, err := os.MkdirTemp("", "health") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "3.sock"))
	if err != nil {
		t.Fatal(err)
	}
	serve(t, listener)
	return Checker{AdminDir: dir}
}

func serve(t *testing.T, listener net.Listener) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/sick", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no database\n", http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/healthz", http.StatusFound) })
	mux.HandleFunc("/hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/worker/3", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	server := &http.Server{Handler: mux}
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
}

func TestCheck(t *testing.T) {
	checker := admin(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, listener)
	address := listener.Addr().String()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()

	tests := []struct {
		check, instance string
		want            string // in the error; "" is healthy
	}{
		{"none", "3", ""},
		{"http /healthz", "3", ""},
		{"http /sick", "3", `answered 503 Service Unavailable: "no database"`},
		{"http /elsewhere", "3", "answered 302 Found"},
		{"http /nothing", "3", "answered 404 Not Found"},
		{"http /healthz", "4", "4.sock: connect: no such file or directory"},
		{"http http://" + address + "/worker/%i", "3", ""},
		{"http http://" + address + "/worker/%i", "4", "/worker/4 answered 404 Not Found"},
		{"http http://" + nobody + "/", "3", "connection refused"},
		{"tcp " + address, "3", ""},
		{"tcp " + nobody, "3", "connection refused"},
		{"exec test %i = 3", "3", ""},
		{"exec echo broken; exit 7", "3", `exit status 7: "broken"`},
		{"exec /nonexistent", "3", "exit status 127"},
	}
	for _, tt := range tests {
		t.Run(tt.check+" of "+tt.instance, func(t *testing.T) {
			health, err := spec.ParseHealth(tt.check)
			if err != nil {
				t.Fatal(err)
			}
			err = checker.Check(t.Context(), health, units.Worker{Instance: tt.instance})
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("not healthy: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A check ends with its time, whatever the worker or the command does, and
// leaves no process behind.
func TestCheck_EndsWithItsContext(t *testing.T) {
	checker := admin(t)
	for _, check := range []string{"http /hangs", "exec sleep 1000", "exec sleep 1000 & sleep 1000"} {
		t.Run(check, func(t *testing.T) {
			health, err := spec.ParseHealth(check)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := checker.Check(ctx, health, units.Worker{Instance: "3"}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the deadline", err)
			}
		})
	}
}
