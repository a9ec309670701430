package activation

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sort"
	"testing"
	"time"
)

// BenchmarkOverhead compares a worker with a plain net/http server, in turns on
// the same machine, over keep-alive connections. It reports requests/s of the
// worker as a part of the plain server's ("ratio"), and the allocations that
// the worker adds to each request ("allocs+").
func BenchmarkOverhead(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello\n")
	})
	plain := newBenchClient(b, servePlain(b, handler))
	worker := newBenchClient(b, serveWorker(b, handler))
	var ratios []float64
	var plainAllocs, workerAllocs, requests uint64
	const slice = 100 // short, so that a busy machine disturbs both alike
	for turn := 0; b.Loop(); turn++ {
		var plainTime, workerTime time.Duration
		measurePlain := func() {
			took, allocs := plain.measure(b, slice)
			plainTime, plainAllocs = took, plainAllocs+allocs
		}
		measureWorker := func() {
			took, allocs := worker.measure(b, slice)
			workerTime, workerAllocs = took, workerAllocs+allocs
		}
		if turn%2 == 0 { // neither is always the first
			measurePlain()
			measureWorker()
		} else {
			measureWorker()
			measurePlain()
		}
		requests += slice
		ratios = append(ratios, plainTime.Seconds()/workerTime.Seconds())
	}
	sort.Float64s(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric((float64(workerAllocs)-float64(plainAllocs))/float64(requests), "allocs+")
	b.ReportMetric(0, "ns/op") // of two servers and a client: says nothing
}

func servePlain(b *testing.B, handler http.Handler) net.Addr {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	b.Cleanup(func() { server.Close() })
	return listener.Addr()
}

func serveWorker(b *testing.B, handler http.Handler) net.Addr {
	b.Helper()
	service := &HTTP{Name: "http", Server: &http.Server{Handler: handler}, Address: "127.0.0.1:0"}
	if err := service.Open(&Sockets{}, slog.New(slog.DiscardHandler)); err != nil {
		b.Fatal(err)
	}
	go func() { _ = service.Serve() }()
	b.Cleanup(func() {
		if err := service.Drain(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return service.gates[0].listener.Addr()
}

// benchClient costs little next to a server, and allocates nothing.
type benchClient struct {
	conn   net.Conn
	buffer []byte
	size   int // of an answer
}

func newBenchClient(b *testing.B, address net.Addr) *benchClient {
	b.Helper()
	conn, err := net.Dial("tcp", address.String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	c := &benchClient{conn: conn, buffer: make([]byte, 4096)}
	c.send(b)
	for !bytes.HasSuffix(c.buffer[:c.size], []byte("\r\n\r\nhello\n")) {
		n, err := conn.Read(c.buffer[c.size:])
		if err != nil {
			b.Fatal(err)
		}
		c.size += n
	}
	return c
}

var benchRequest = []byte("GET / HTTP/1.1\r\nHost: test\r\n\r\n")

func (c *benchClient) send(b *testing.B) {
	if _, err := c.conn.Write(benchRequest); err != nil {
		b.Fatal(err)
	}
}

func (c *benchClient) measure(b *testing.B, requests int) (time.Duration, uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	for range requests {
		c.send(b)
		if _, err := io.ReadFull(c.conn, c.buffer[:c.size]); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return took, after.Mallocs - before.Mallocs
}
