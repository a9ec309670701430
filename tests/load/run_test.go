package load

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// start begins load on address and stops it with the test.
func start(t *testing.T, config Config) *Run {
	t.Helper()
	if config.Network == "" {
		config.Network = "tcp"
	}
	if config.Rate == 0 {
		config.Rate = 200
	}
	run, err := Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Stop() })
	return run
}

// await returns once run has counted n requests.
func await(t *testing.T, run *Run, n int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		run.mu.Lock()
		counted := run.total.report.Requests
		run.mu.Unlock()
		if counted >= n {
			return
		}
		<-tick.C
	}
}

func TestRun_CountsEachFailureByKind(t *testing.T) {
	tests := []struct {
		name   string
		handle func(*net.TCPConn)
		want   Kind
		detail string
	}{
		{"reset", func(conn *net.TCPConn) {
			readRequest(bufio.NewReader(conn))
			conn.SetLinger(0)
		}, Reset, "connection reset by peer"},
		{"end before a byte", answering(always("")), EOF, "read the response"},
		{"end in the middle of the header", func(conn *net.TCPConn) {
			readRequest(bufio.NewReader(conn))
			io.WriteString(conn, ok[:20])
		}, EOF, "read the response"},
		{"hang in the middle of the header", answering(once(ok[:20])), Timeout, "i/o timeout"},
		{"end in the middle of the body", func(conn *net.TCPConn) {
			readRequest(bufio.NewReader(conn))
			io.WriteString(conn, ok[:len(ok)-1])
		}, EOF, "after 1 of 2 bytes"},
		{"end in the middle of the chunks", func(conn *net.TCPConn) {
			readRequest(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
		}, EOF, "after 2 of -1 bytes"},
		{"hang", func(conn *net.TCPConn) { io.Copy(io.Discard, conn) }, Timeout, "i/o timeout"},
		{"500", answering(always("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")), Status5xx, "status 500"},
		{"404", answering(always("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n")), Other, "status 404"},
		{"no HTTP", answering(always("hello\r\n\r\n")), Other, "malformed"},
		{"no length", func(conn *net.TCPConn) {
			readRequest(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\nok")
		}, Other, "can't tell"},
	}
	for _, test := range tests {
		for _, mode := range []Mode{KeepAlive, NewConnection} {
			t.Run(test.name+"/"+string(mode), func(t *testing.T) {
				t.Parallel()
				address := listen(t, test.handle)
				run := start(t, Config{Address: address, Mode: mode, Timeout: 100 * time.Millisecond})
				await(t, run, 20)
				wantOnly(t, run.Stop(), test.want, test.detail)
			})
		}
	}
}

func TestRun_NobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	run := start(t, Config{Address: address})
	await(t, run, 20)
	wantOnly(t, run.Stop(), Refused, "connect: ")
}

func wantOnly(t *testing.T, report Report, kind Kind, detail string) {
	t.Helper()
	if report.Failed == 0 || report.Failed != report.Requests || report.ByKind[kind] != report.Failed {
		t.Fatalf("want all requests failed, by %s:\n%s", kind, report)
	}
	if want := min(report.Failed, keptErrors); len(report.Errors) != want {
		t.Errorf("%d failures told, wanted %d", len(report.Errors), want)
	}
	if !strings.Contains(report.Errors[0].Detail, detail) {
		t.Errorf("failure %q, wanted it to say %q", report.Errors[0].Detail, detail)
	}
}

// This is the loss that net/http's own client hides by sending again.
func TestRun_CountsKeepAliveConnectionClosedWithoutNotice(t *testing.T) {
	var sent atomic.Int64
	address := listen(t, func(conn *net.TCPConn) {
		answering(func(n int) string {
			sent.Add(1)
			return ok
		})(conn)
	})
	closing := listen(t, func(conn *net.TCPConn) {
		if readRequest(bufio.NewReader(conn)) {
			io.WriteString(conn, ok) // and close, not saying so
		}
	})
	run := start(t, Config{Address: closing, Conns: 1})
	await(t, run, 40)
	report := run.Stop()
	if lost := report.ByKind[EOF] + report.ByKind[Reset]; report.Failed != lost || lost < report.Requests/2-1 {
		t.Errorf("want every second request lost:\n%s", report)
	}
	if report.Errors[0].Worker != "" || !strings.Contains(report.Errors[0].Detail, `use 2 of a connection of worker "w1"`) {
		t.Errorf("failure %q doesn't tell whose connection it was", report.Errors[0])
	}

	honest := start(t, Config{Address: address, Conns: 1})
	await(t, honest, 40)
	if report := honest.Stop(); report.Failed != 0 || sent.Load() != int64(report.Requests) {
		t.Errorf("%d requests arrived, wanted those of the report:\n%s", sent.Load(), report)
	}
}

func TestRun_DropsConnectionThatTheServerCloses(t *testing.T) {
	const last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	address := listen(t, answering(once(last)))
	run := start(t, Config{Address: address})
	await(t, run, 40)
	if report := run.Stop(); report.Failed != 0 {
		t.Errorf("want 0 failed:\n%s", report)
	}
}

func TestRun_KeepAliveHoldsConns(t *testing.T) {
	var accepted atomic.Int64
	address := listen(t, func(conn *net.TCPConn) {
		accepted.Add(1)
		answering(always(ok))(conn)
	})
	// MaxIdle is out of the way: a busy machine may pause us.
	run := start(t, Config{Address: address, Conns: 7, MaxConns: 7, MaxIdle: time.Hour})
	await(t, run, 60)
	report := run.Stop()
	if report.Failed != 0 || accepted.Load() != 7 {
		t.Errorf("%d connections, wanted 7:\n%s", accepted.Load(), report)
	}
	if report.PerWorker["w1"] != report.Requests || report.PerRelease["r1"] != report.Requests || report.Statuses[200] != report.Requests {
		t.Errorf("want all answered by w1 of r1 with 200: %+v", report)
	}
}

func TestRun_MaxConnsBoundsWhatIsInFlight(t *testing.T) {
	var now, most atomic.Int64
	address := listen(t, func(conn *net.TCPConn) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		io.Copy(io.Discard, conn)
	})
	run := start(t, Config{Address: address, MaxConns: 3, Timeout: 100 * time.Millisecond})
	await(t, run, 30)
	report := run.Stop()
	wantOnly(t, report, Timeout, "")
	if most.Load() > 4 { // one may be closed by us and not yet seen by the server
		t.Errorf("%d connections at once, wanted 3", most.Load())
	}
}

// A server that stalls must show in the percentiles with all the requests that
// came due meanwhile, though only one at a time was with it.
func TestRun_LatencyCountsFromTheScheduledTime(t *testing.T) {
	const stall = 300 * time.Millisecond
	address := listen(t, answering(func(n int) string {
		if n == 10 {
			time.Sleep(stall) // what the server does, not what the test waits for
		}
		return ok
	}))
	run := start(t, Config{Address: address, MaxConns: 1, MaxIdle: time.Hour})
	await(t, run, 100)
	report := run.Stop()
	if report.Failed != 0 || report.Max < stall {
		t.Fatalf("want 0 failed and a longest latency of at least %s:\n%s", stall, report)
	}
	if report.P99 < stall/2 {
		t.Errorf("p99 %s, wanted the requests that waited behind the stall to show", report.P99)
	}
}

func TestRun_SlowShareIsCountedApart(t *testing.T) {
	var slow atomic.Int64
	address := listen(t, func(conn *net.TCPConn) {
		reader := bufio.NewReader(conn)
		for {
			line, err := reader.ReadString('\n')
			if err != nil {
				return
			}
			if strings.HasPrefix(line, "GET /slow") {
				slow.Add(1)
			}
			if line == "\r\n" {
				io.WriteString(conn, ok)
			}
		}
	})
	run := start(t, Config{Address: address, SlowShare: 0.25, SlowPath: "/slow?sleep=250ms"})
	await(t, run, 100)
	report := run.Stop()
	if report.Failed != 0 || report.Slow != report.Requests/4 || slow.Load() != int64(report.Slow) {
		t.Errorf("%d slow, %d arrived, wanted a quarter of all:\n%s", report.Slow, slow.Load(), report)
	}
}

func TestRun_Phases(t *testing.T) {
	address := listen(t, answering(always(ok)))
	run := start(t, Config{Address: address})
	run.Phase("before")
	await(t, run, 20)
	before := run.Phase("during")
	await(t, run, before.Requests+20)
	all := run.Stop()
	if len(all.Phases) != 2 || all.Phases[0].Phase != "before" || all.Phases[1].Phase != "during" {
		t.Fatalf("want phases before and during:\n%s", all)
	}
	during := all.Phases[1].Requests
	if before.Requests != all.Phases[0].Requests || during < 20 || before.Requests+during > all.Requests {
		t.Errorf("want the phases within the whole, and %d requests before:\n%s", before.Requests, all)
	}
	if again := run.Stop(); again.Requests != all.Requests || again.Length != all.Length {
		t.Errorf("second Stop: %d requests, wanted the same %d", again.Requests, all.Requests)
	}
}

func TestRun_EndsWithItsContext(t *testing.T) {
	address := listen(t, answering(always(ok)))
	ctx, cancel := context.WithCancel(t.Context())
	run, err := Start(ctx, Config{Network: "tcp", Address: address, Rate: 200})
	if err != nil {
		t.Fatal(err)
	}
	await(t, run, 5)
	cancel()
	<-run.done
	if report := run.Stop(); report.Failed != 0 {
		t.Errorf("want 0 failed:\n%s", report)
	}
}
