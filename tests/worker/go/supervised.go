package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/clusterctl/clusterctl/activation"
)

// badClient is an address in the loopback network; with --supervised the accept
// loop of the worker that takes a connection from there is stuck for ever.
const badClient = "127.0.0.66"

// supervised gives a worker what systemd watches and reloads.
type supervised struct {
	lock     sync.Mutex // POST /hang on the admin socket takes it, and never gives it back
	greeting atomic.Value
	file     string // what the greeting is read from
}

func (s *supervised) apply(worker *activation.Worker) {
	service := worker.Services[0].(*activation.HTTP)
	service.Server.ConnContext = s.stick
	service.Server.Handler = s.greet(service.Server.Handler)
	worker.Liveness = s.alive
	worker.Warmup = append(worker.Warmup, s.load)
	worker.Reload = append(worker.Reload, s.load)
	worker.Admin = func(mux *http.ServeMux) {
		mux.HandleFunc("POST /hang", func(http.ResponseWriter, *http.Request) { s.lock.Lock() })
	}
}

func (s *supervised) stick(ctx context.Context, conn net.Conn) context.Context {
	if host, _, _ := net.SplitHostPort(conn.RemoteAddr().String()); host == badClient {
		select {}
	}
	return ctx
}

// beBadClient returns when the worker that took the connection is gone.
func beBadClient(address string) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(badClient)}}
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.Copy(io.Discard, conn)
	return err
}

func (s *supervised) alive(ctx context.Context) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	return ctx.Err()
}

func (s *supervised) load(context.Context) error {
	content, err := os.ReadFile(s.file)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err == nil {
		s.greeting.Store(strings.TrimSpace(string(content)))
	}
	return err
}

func (s *supervised) greet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Greeting", s.greeting.Load().(string))
		next.ServeHTTP(w, r)
	})
}
