package activation

import (
	"context"
	"flag"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The full proof is "make soak"; "make test" has a short one.
var (
	proofRequests = flag.Int64("activation.requests", 2000, "least `number` of requests of TestProof")
	proofDrains   = flag.Int("activation.drains", 4, "`number` of drains of TestProof")
)

// mixedScenario serves HTTP/1, HTTP/2 and, at /socket, websockets.
func mixedScenario() error {
	mux := testHandler().(*http.ServeMux)
	mux.HandleFunc("/socket", serveWebSocket)
	server := &http.Server{Handler: mux, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return runAndLookForLeaks(testWorker(server))
}

// proofClients are 16 keep-alive connections, 16 streams on 4 connections of
// HTTP/2 and 8 websockets.
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
		socket := &webSocket{address: address}
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
