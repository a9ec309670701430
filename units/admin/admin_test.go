package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serve answers as worker 3 of a cluster.
func serve(t *testing.T, handler http.HandlerFunc) Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "admin") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "3.sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	t.Cleanup(func() { server.Close() })
	go server.Serve(listener)
	return Client{Dir: dir}
}

func TestClient_Stats(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/stats" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, `{"state":"drained","pid":7,"start_time_seconds":1.5,"new":1,"services":{
			"http":{"connections":2,"requests":10,"in_flight":0},
			"metrics":{"requests":5}}}`)
	})
	stats, err := c.Stats(t.Context(), "3")
	if err != nil {
		t.Fatal(err)
	}
	if stats.State != Drained || !stats.State.OutOfService() || stats.PID != 7 || stats.Start != 1.5 {
		t.Errorf("got %+v", stats)
	}
	total := stats.Total()
	for name, tt := range map[string]struct {
		got  *int64
		want string
	}{
		"requests":    {total.Requests, "15"},
		"connections": {total.Connections, "2"},
		"in flight":   {total.InFlight, "0"},
		"panics":      {total.Panics, "unknown"},
	} {
		got := "unknown"
		if tt.got != nil {
			got = strconv.FormatInt(*tt.got, 10)
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	if *stats.Services["http"].Requests != 10 {
		t.Error("the sum has changed what it was made of")
	}
}

func TestClient_Asks(t *testing.T) {
	var asked string
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { asked = r.Method + " " + r.URL.Path })
	for want, ask := range map[string]func(context.Context, string) error{
		"GET /healthz":  c.Health,
		"POST /drain":   c.Drain,
		"POST /undrain": c.Undrain,
	} {
		if err := ask(t.Context(), "3"); err != nil || asked != want {
			t.Errorf("asked %q (error: %v), want %q", asked, err, want)
		}
	}
}

func TestClient_Refused(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "worker is draining", http.StatusConflict) })
	err := c.Drain(t.Context(), "3")
	var answer *AnswerError
	if !errors.As(err, &answer) || answer.Status != http.StatusConflict || answer.Text != "worker is draining" {
		t.Errorf("got %v", err)
	}
}

func TestClient_NoAnswer(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}garbage") })
	if err := c.Health(t.Context(), "4"); !errors.Is(err, ErrNobody) {
		t.Errorf("no socket: %v", err)
	}
	if _, err := c.Stats(t.Context(), "3"); err == nil || !strings.Contains(err.Error(), "3.sock: /stats: invalid character") {
		t.Errorf("garbage: %v", err)
	}
	hanging := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	began := time.Now()
	err := hanging.Health(t.Context(), "3")
	if err == nil || !strings.Contains(err.Error(), "3.sock: no answer in 2s") || time.Since(began) < Wait {
		t.Errorf("a worker that hangs: %v", err)
	}
}
