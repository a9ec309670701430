package activation

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// A connection that is idle when the drain begins gets its next request served,
// and is told then that it was the last.
func TestDrain_IdleConnectionIsServedOnceMore(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("serve")
	worker.waitFor("READY=1")
	client := &rawClient{address: systemd.address()}
	if closing, err := client.get("/"); err != nil || closing {
		t.Fatalf("before the drain: wanted an open connection, got closing %t, %v", closing, err)
	}
	worker.terminate()
	for closing := false; !closing; { // the signal takes its time
		var err error
		if closing, err = client.get("/"); err != nil {
			t.Fatalf("in the drain: wanted Connection: close, got %v", err)
		}
	}
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

// A client that never sends again holds the worker no longer than IdleGrace.
func TestDrain_SilentConnectionIsClosed(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("serve")
	worker.waitFor("READY=1")
	fresh := &rawClient{address: systemd.address()}
	if err := fresh.dial(); err != nil {
		t.Fatal(err)
	}
	idle := &rawClient{address: systemd.address()}
	if _, err := idle.get("/"); err != nil {
		t.Fatal(err)
	}
	worker.terminate()
	idle.waitClosed(t)
	fresh.waitClosed(t)
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

// A handler that began before the drain says Connection: close if its header
// was not written yet; if it was, the connection is good for one more request.
func TestDrain_HandlerInProgress(t *testing.T) {
	for path, wantClosing := range map[string]bool{
		"/?sleep=200ms":        true,
		"/?sleep=200ms&late=1": false,
	} {
		t.Run(path, func(t *testing.T) {
			systemd := newManager(t)
			worker := systemd.start("serve")
			worker.waitFor("READY=1")
			client := &rawClient{address: systemd.address()}
			if err := client.dial(); err != nil {
				t.Fatal(err)
			}
			if err := client.send(path); err != nil {
				t.Fatal(err)
			}
			worker.waitForStats(`"in_flight":1`)
			worker.terminate()
			if closing, err := client.receive(); err != nil || closing != wantClosing {
				t.Fatalf("wanted closing %t, got %t, %v", wantClosing, closing, err)
			}
			if !wantClosing {
				if closing, err := client.get("/"); err != nil || !closing {
					t.Errorf("next request: wanted Connection: close, got closing %t, %v", closing, err)
				}
			}
			if code, log := worker.wait(); code != 0 {
				t.Errorf("exit: wanted 0, got %d\n%s", code, log)
			}
		})
	}
}

// The beginning of a request keeps its connection beyond IdleGrace.
func TestDrain_HalfSentRequest(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("serve")
	worker.waitFor("READY=1")
	client := &rawClient{address: systemd.address()}
	if _, err := client.get("/"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.conn.Write([]byte("GET / HTTP/1.1\r\n")); err != nil {
		t.Fatal(err)
	}
	silent := &rawClient{address: systemd.address()}
	if _, err := silent.get("/"); err != nil {
		t.Fatal(err)
	}
	worker.terminate()
	silent.waitClosed(t) // IdleGrace is over
	if _, err := client.conn.Write([]byte("Host: test\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if closing, err := client.receive(); err != nil || !closing {
		t.Errorf("wanted Connection: close, got closing %t, %v", closing, err)
	}
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

func TestDrain_ReportsWhatItCut(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("stubborn")
	worker.waitFor("READY=1")
	client := &rawClient{address: systemd.address()}
	if err := client.dial(); err != nil {
		t.Fatal(err)
	}
	if err := client.send("/?sleep=1h"); err != nil {
		t.Fatal(err)
	}
	worker.waitForStats(`"in_flight":1`)
	worker.terminate()
	code, log := worker.wait()
	if want := `service "http": drain reached its limit, 1 connections cut: "127.0.0.1:`; code != 1 || !strings.Contains(log, want) {
		t.Errorf("wanted exit 1 and %q, got %d\n%s", want, code, log)
	}
}

// Clients with keep-alive connections that never send a request again.
func TestDrain_UnderLoad(t *testing.T) {
	rollUnderLoad(t, "serve", func(address string) []request {
		var clients []request
		for range 32 {
			client := &rawClient{address: address}
			t.Cleanup(client.close)
			clients = append(clients, func(_ context.Context, path string) error {
				_, err := client.get(path)
				return err
			})
		}
		return clients
	})
}

// After a restart of the socket unit workers alone hold the old listener. What
// waits in its queue when the last of them ends is served by it, as nobody else
// could.
func TestDrain_TakesWhatWaitsInTheQueue(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("serve")
	worker.waitFor("READY=1")
	systemd.socket.Close() // the worker's is the last
	worker.tell("/drain", 200, "ok")
	var waiting []*rawClient
	for range 20 {
		client := &rawClient{address: systemd.address()}
		defer client.close()
		if err := client.dial(); err != nil {
			t.Fatal(err)
		}
		if err := client.send("/"); err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, client)
	}
	worker.terminate()
	for i, client := range waiting {
		if closing, err := client.receive(); err != nil || !closing {
			t.Errorf("client %d: wanted an answer that closes, got closing %t, %v", i, closing, err)
		}
	}
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

// An upload that gets on for longer than systemd would wait is given the time.
func TestDrain_UploadIsProgress(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("serve")
	worker.waitFor("READY=1")
	client := &rawClient{address: systemd.address()}
	defer client.close()
	if err := client.dial(); err != nil {
		t.Fatal(err)
	}
	const size = 1 << 20
	fmt.Fprintf(client.conn, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n", size)
	worker.waitForStats(`"in_flight":1`)
	worker.terminate()
	extended := make(chan struct{})
	sent := 0
	var uploading sync.WaitGroup
	uploading.Go(func() {
		for ; ; sent++ {
			select {
			case <-extended:
				return
			case <-time.After(10 * time.Millisecond):
			}
			if _, err := client.conn.Write([]byte("x")); err != nil {
				t.Error(err)
				return
			}
		}
	})
	worker.waitFor("EXTEND_TIMEOUT_USEC=")
	worker.waitFor("EXTEND_TIMEOUT_USEC=")
	close(extended)
	uploading.Wait()
	if _, err := client.conn.Write(make([]byte, size-sent)); err != nil {
		t.Fatal(err)
	}
	if closing, err := client.receive(); err != nil || !closing {
		t.Errorf("upload: wanted an answer that closes, got closing %t, %v", closing, err)
	}
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}
