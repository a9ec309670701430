package activation

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// servicesScenario serves four sockets in one life.
func servicesScenario() error {
	worker := testWorker(&http.Server{Handler: testHandler()})
	worker.Services = append(worker.Services,
		&Stream{Name: "lines", Handle: echoLines},
		&Packets{Name: "packets", Handle: echoPackets},
		&Server{Name: "foreign", New: newForeignServer},
	)
	return runAndLookForLeaks(worker)
}

// foreignServer has an accept loop and an end of its own, and can't be used again.
type foreignServer struct {
	mu        sync.Mutex
	listeners []net.Listener
	conns     sync.WaitGroup
	ctx       context.Context
	stop      context.CancelFunc
}

func newForeignServer() Acceptor {
	s := &foreignServer{}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

func (s *foreignServer) Serve(listener net.Listener) error {
	s.mu.Lock()
	s.listeners = append(s.listeners, listener)
	s.mu.Unlock()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		s.conns.Go(func() {
			defer conn.Close()
			echoLines(s.ctx, conn)
		})
	}
}

func (s *foreignServer) Shutdown(context.Context) error {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, listener := range s.listeners {
		listener.Close()
	}
	s.conns.Wait()
	return nil
}

// echoLines says goodbye when the drain begins.
func echoLines(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(longAgo) })
	defer stop()
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if lines.Text() == "panic" {
			panic("on request")
		}
		fmt.Fprintln(conn, lines.Text())
	}
	fmt.Fprintln(conn, "goodbye")
}

func echoPackets(_ context.Context, socket net.PacketConn) error {
	buffer := make([]byte, 100)
	for {
		n, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if _, err := socket.WriteTo(buffer[:n], from); err != nil {
			return err
		}
	}
}

func TestServices_OneLife(t *testing.T) {
	systemd := newManager(t)
	lines, foreign := newManager(t).socket, newManager(t).socket
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	systemd.pass("lines", lines.(syscall.Conn))
	systemd.pass("foreign", foreign.(syscall.Conn))
	systemd.pass("packets", packets.(syscall.Conn))
	worker := systemd.start("services")
	worker.waitFor("READY=1")

	stream := dialLines(t, lines.Addr())
	stream.exchange("hello")
	datagrams := dialLines(t, packets.LocalAddr())
	datagrams.exchange("datagram")
	kept := dialLines(t, foreign.Addr())
	kept.exchange("hello")
	doomed := dialLines(t, lines.Addr())
	fmt.Fprintln(doomed.conn, "panic")
	if _, err := doomed.reader.ReadString('\n'); err != io.EOF {
		t.Errorf("after a panic: wanted EOF, got %v", err)
	}

	worker.terminate()
	if line, err := stream.reader.ReadString('\n'); line != "goodbye\n" {
		t.Errorf("drain: wanted goodbye, got %q, %v", line, err)
	}
	if line, err := kept.reader.ReadString('\n'); line != "goodbye\n" {
		t.Errorf("drain: wanted goodbye, got %q, %v", line, err)
	}
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}

	fmt.Fprintln(datagrams.conn, "sent while nobody reads")
	next := systemd.start("services")
	next.waitFor("READY=1")
	if line, err := datagrams.reader.ReadString('\n'); err != nil {
		t.Errorf("datagram for the next worker: %q, %v", line, err)
	}
}

type lineClient struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

func dialLines(t *testing.T, address net.Addr) *lineClient {
	t.Helper()
	conn, err := net.Dial(address.Network(), address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &lineClient{t: t, conn: conn, reader: bufio.NewReader(conn)}
}

func (c *lineClient) exchange(line string) {
	c.t.Helper()
	fmt.Fprintln(c.conn, line)
	if got, err := c.reader.ReadString('\n'); strings.TrimSpace(got) != line {
		c.t.Errorf("wanted %q back, got %q, %v", line, got, err)
	}
}

// hijackScenario gives hijacked connections much less time than requests.
func hijackScenario() error {
	mux := testHandler().(*http.ServeMux)
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		if r.FormValue("deaf") != "" {
			_, _ = io.WriteString(conn, "hijacked\n")
			return // the connection is left open, and never closed
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "hijacked\n")
		ctx, stop := context.WithCancel(r.Context())
		go func() { <-Draining(r.Context()); stop() }()
		echoLines(ctx, conn)
	})
	worker := testWorker(&http.Server{Handler: mux})
	worker.Services[0].(*HTTP).HijackTimeout = 100 * time.Millisecond
	return worker.Run(context.Background())
}

func hijack(t *testing.T, systemd *manager, path string) *lineClient {
	t.Helper()
	client := dialLines(t, systemd.socket.Addr())
	fmt.Fprintf(client.conn, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path)
	if line, err := client.reader.ReadString('\n'); line != "hijacked\n" {
		t.Fatalf("wanted hijacked, got %q, %v", line, err)
	}
	return client
}

// A hijacked connection is told by Draining, and the worker waits for its end.
func TestDrain_HijackedIsTold(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("hijack")
	worker.waitFor("READY=1")
	client := hijack(t, systemd, "/hijack")
	client.exchange("hello")
	worker.terminate()
	if line, err := client.reader.ReadString('\n'); line != "goodbye\n" {
		t.Errorf("wanted goodbye, got %q, %v", line, err)
	}
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

// One that won't hear is cut at its own limit, and a request goes on beyond it.
func TestDrain_HijackedHasItsOwnLimit(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("hijack")
	worker.waitFor("READY=1")
	deaf := hijack(t, systemd, "/hijack?deaf=1")
	client := &rawClient{address: systemd.address()}
	if err := client.dial(); err != nil {
		t.Fatal(err)
	}
	if err := client.send("/?sleep=500ms"); err != nil {
		t.Fatal(err)
	}
	worker.waitForStats(`"in_flight":1`)
	worker.terminate()
	if _, err := deaf.reader.ReadString('\n'); err != io.EOF {
		t.Errorf("hijacked: wanted EOF, got %v", err)
	}
	if _, err := client.receive(); err != nil {
		t.Errorf("request: %v", err)
	}
	code, log := worker.wait()
	if want := deaf.conn.LocalAddr().String(); code != 1 || !strings.Contains(log, "1 connections cut: ") || !strings.Contains(log, want) {
		t.Errorf("wanted exit 1 and %s cut, got %d\n%s", want, code, log)
	}
}
