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
// the same listener, over keep-alive connections. It reports requests/s of the
// worker as a part of the plain server's ("ratio"), and the allocations that
// the worker adds to each request ("allocs+").
func BenchmarkOverhead(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello\n")
	})
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	plain := servePlain(b, listener, handler)
	worker := serveWorker(b, listener, handler)
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

// servePlain serves one connection, and leaves the listener.
func servePlain(b *testing.B, listener *net.TCPListener, handler http.Handler) *benchClient {
	b.Helper()
	server := &http.Server{Handler: handler}
	own := duplicate(b, listener)
	go func() { _ = server.Serve(own) }()
	b.Cleanup(func() { server.Close() })
	client := newBenchClient(b, listener.Addr())
	own.Close()
	return client
}

func serveWorker(b *testing.B, listener *net.TCPListener, handler http.Handler) *benchClient {
	b.Helper()
	file, err := listener.File()
	if err != nil {
		b.Fatal(err)
	}
	service := &HTTP{Name: file.Name(), Server: &http.Server{Handler: handler}}
	if err := service.Open(Given(file), slog.New(slog.DiscardHandler)); err != nil {
		b.Fatal(err)
	}
	go func() { _ = service.Serve() }()
	b.Cleanup(func() {
		if err := service.Drain(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return newBenchClient(b, listener.Addr())
}

func duplicate(b *testing.B, listener *net.TCPListener) net.Listener {
	b.Helper()
	file, err := listener.File()
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	copied, err := net.FileListener(file)
	if err != nil {
		b.Fatal(err)
	}
	return copied
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
