package activation

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The full proof:
//
//	go test ./activation -run TestProof -timeout 1h -activation.requests=1000000 -activation.drains=100
var (
	proofRequests = flag.Int64("activation.requests", 2000, "least `number` of requests of TestProof")
	proofDrains   = flag.Int("activation.drains", 4, "`number` of drains of TestProof")
)

// mixedScenario serves HTTP/1, HTTP/2 and, at /lines, connections taken out of
// HTTP as websockets are.
func mixedScenario() error {
	mux := testHandler().(*http.ServeMux)
	mux.HandleFunc("/lines", serveLines)
	server := &http.Server{Handler: mux, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return runAndLookForLeaks(testWorker(server))
}

// serveLines sends each line back. In a drain it says goodbye, and goes on until
// the client closes, as the closing of a websocket does (RFC 6455, section 7).
func serveLines(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	var writing sync.Mutex
	say := func(line string) {
		writing.Lock()
		defer writing.Unlock()
		fmt.Fprintln(conn, line)
	}
	say("hijacked")
	ended := make(chan struct{})
	var farewell sync.WaitGroup
	farewell.Go(func() {
		select {
		case <-Draining(r.Context()):
			say("goodbye")
		case <-ended:
		}
	})
	for lines := bufio.NewScanner(buffered); lines.Scan(); {
		say(lines.Text())
	}
	close(ended)
	farewell.Wait()
}

// lineSocket is a client of /lines that loses nothing if the server doesn't.
type lineSocket struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

func (s *lineSocket) exchange(context.Context) error {
	if s.conn == nil {
		if err := s.dial(); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(s.conn, "hello"); err != nil {
		return fmt.Errorf("line: %w", err)
	}
	leaving := false
	for {
		line, err := s.reader.ReadString('\n')
		switch {
		case err != nil:
			return fmt.Errorf("line: wanted it back, got %q: %w", line, err)
		case line == "goodbye\n":
			leaving = true
			continue
		case line != "hello\n":
			return fmt.Errorf("line: wanted it back, got %q", line)
		}
		if leaving {
			s.close()
		}
		return nil
	}
}

func (s *lineSocket) dial() error {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(time.Hour))
	s.conn, s.reader = conn, bufio.NewReader(conn)
	fmt.Fprint(conn, "GET /lines HTTP/1.1\r\nHost: test\r\n\r\n")
	if line, err := s.reader.ReadString('\n'); line != "hijacked\n" {
		return fmt.Errorf("lines: wanted hijacked, got %q: %w", line, err)
	}
	return nil
}

func (s *lineSocket) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// proofClients are 16 keep-alive connections, 16 streams on 4 connections of
// HTTP/2 and 8 sockets of lines.
func proofClients(t *testing.T, address string) []func(context.Context) error {
	t.Helper()
	var clients []func(context.Context) error
	for range 16 {
		client := &rawClient{address: address}
		t.Cleanup(client.close)
		clients = append(clients, func(context.Context) error {
			if client.conn != nil {
				_ = client.conn.SetDeadline(time.Now().Add(patience))
			}
			_, err := client.get("/")
			return err
		})
	}
	for range 4 {
		client := http2Client(t)
		for range 4 {
			clients = append(clients, func(ctx context.Context) error { return post(ctx, client, "http://"+address+"/") })
		}
	}
	for range 8 {
		socket := &lineSocket{address: address}
		t.Cleanup(socket.close)
		clients = append(clients, socket.exchange)
	}
	return clients
}

// Two workers are drained in turns while clients of all kinds send as fast as
// they can. No request is lost, and no worker leaves a goroutine or a descriptor
// behind: its scenario looks.
func TestProof_NothingIsLost(t *testing.T) {
	systemd := newManager(t)
	workers := []*child{systemd.start("mixed", underLoad), systemd.start("mixed", underLoad)}
	for _, worker := range workers {
		worker.waitFor("READY=1")
	}
	var served, lost atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load sync.WaitGroup
	for _, send := range proofClients(t, systemd.address()) {
		load.Go(func() {
			for ctx.Err() == nil {
				if err := send(context.WithoutCancel(ctx)); err != nil {
					lost.Add(1)
					t.Errorf("lost: %v", err)
					return
				}
				served.Add(1)
			}
		})
	}
	for i := range *proofDrains {
		waitForCount(&served, &lost, *proofRequests*int64(i)/int64(*proofDrains))
		old := workers[i%2]
		old.terminate()
		if code, log := old.wait(); code != 0 {
			t.Errorf("exit of %s: wanted 0, got %d\n%s", old, code, log)
		}
		workers[i%2] = systemd.start("mixed", underLoad)
		workers[i%2].waitFor("READY=1")
	}
	waitForCount(&served, &lost, *proofRequests)
	stop()
	load.Wait()
	t.Logf("%d requests over %d drains, %d lost", served.Load(), *proofDrains, lost.Load())
}

// waitForCount returns early once something is lost.
func waitForCount(served, lost *atomic.Int64, count int64) {
	for served.Load() < count && lost.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
}
