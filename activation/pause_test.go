package activation

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
)

// A worker that is told to go out of service hands its clients to another, stays
// alive, and takes them again when told to.
func TestDrained_AndBackAgain(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("serve")
	worker.waitFor("READY=1")
	client := &rawClient{address: systemd.address()}
	if _, err := client.get("/"); err != nil {
		t.Fatal(err)
	}
	silent := &rawClient{address: systemd.address()}
	if _, err := silent.get("/"); err != nil {
		t.Fatal(err)
	}

	worker.tell("/drain", 200, "ok")
	worker.waitFor("STATUS=out of service, as told on the admin socket")
	worker.tell("/drain", 409, "worker is not in service: it is draining")
	if status, body := worker.ask("/readyz"); status != 503 || body != "draining" {
		t.Errorf("/readyz: wanted 503 draining, got %d %s", status, body)
	}
	if closing, err := client.get("/"); err != nil || !closing {
		t.Errorf("draining: wanted Connection: close, got closing %t, %v", closing, err)
	}
	silent.waitClosed(t)
	worker.waitForStats(`"state":"drained"`)
	if status, body := worker.ask("/readyz"); status != 503 || body != "drained" {
		t.Errorf("/readyz: wanted 503 drained, got %d %s", status, body)
	}
	waiting := &rawClient{address: systemd.address()}
	if err := waiting.dial(); err != nil {
		t.Fatal(err)
	}
	if err := waiting.send("/"); err != nil {
		t.Fatal(err)
	}
	if _, body := worker.ask("/stats"); !strings.Contains(body, `"accepted":2,`) || !strings.Contains(body, `"drained":2,`) {
		t.Errorf("/stats: wanted no more than 2 accepted, and both drained, got %s", body)
	}

	worker.tell("/undrain", 200, "ok")
	worker.waitFor("STATUS=serving")
	worker.tell("/undrain", 409, "worker is not drained: it is ready")
	if closing, err := waiting.receive(); err != nil || closing {
		t.Errorf("ready: wanted an open connection, got closing %t, %v", closing, err)
	}
	waiting.close()
	worker.terminate()
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

// A worker that is out of service ends like any other.
func TestDrained_ThenStopped(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("serve")
	worker.waitFor("READY=1")
	client := &rawClient{address: systemd.address()}
	defer client.close()
	if _, err := client.get("/"); err != nil {
		t.Fatal(err)
	}
	worker.tell("/drain", 200, "ok")
	worker.terminate()
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

// Two workers go out of service in turn under load, over HTTP/1 and HTTP/2.
func TestDrained_UnderLoad(t *testing.T) {
	systemd := newManager(t)
	workers := []*child{systemd.start("serve", underLoad), systemd.start("serve", underLoad)}
	for _, worker := range workers {
		worker.waitFor("READY=1")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load loadGroup
	for number := range 16 {
		client := &rawClient{address: systemd.address()}
		t.Cleanup(client.close)
		load.add(ctx, t, number, func(_ context.Context, path string) error {
			_, err := client.get(path)
			return err
		})
	}
	for range 2 {
		client := http2Client(t)
		for number := range 8 {
			load.add(ctx, t, number, func(ctx context.Context, path string) error {
				return post(ctx, client, fmt.Sprintf("http://%s%s", systemd.address(), path))
			})
		}
	}
	for i := range 20 {
		worker := workers[i%2]
		worker.tell("/drain", 200, "ok")
		worker.waitForStats(`"in_flight":0`)
		worker.tell("/undrain", 200, "ok")
	}
	stop()
	t.Logf("%d requests answered", load.wait())
}

// everyService is a worker with a service of each kind, and a client of each.
type everyService struct {
	worker  *child
	clients map[string]*lineClient
	dial    map[string]net.Addr
}

func startEveryService(t *testing.T) *everyService {
	t.Helper()
	systemd := newManager(t)
	lines, foreign := newManager(t).socket, newManager(t).socket
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	systemd.pass("lines", lines.(syscall.Conn))
	systemd.pass("foreign", foreign.(syscall.Conn))
	systemd.pass("packets", packets.(syscall.Conn))
	e := &everyService{
		worker:  systemd.start("services"),
		clients: map[string]*lineClient{},
		dial:    map[string]net.Addr{"lines": lines.Addr(), "foreign": foreign.Addr(), "packets": packets.LocalAddr()},
	}
	e.worker.waitFor("READY=1")
	for name, address := range e.dial {
		e.clients[name] = dialLines(t, address)
		e.clients[name].exchange("hello")
	}
	lines.Close() // the worker's are the last
	foreign.Close()
	packets.Close()
	return e
}

func (e *everyService) expectGoodbye(t *testing.T) {
	t.Helper()
	for _, name := range []string{"lines", "foreign"} {
		if line, err := e.clients[name].reader.ReadString('\n'); line != "goodbye\n" {
			t.Errorf("%s: wanted goodbye, got %q, %v", name, line, err)
		}
	}
}

func (e *everyService) end(t *testing.T) {
	t.Helper()
	e.worker.terminate()
	e.expectGoodbye(t)
	if code, log := e.worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

// Every kind of service goes out of service and comes back.
func TestDrained_EveryService(t *testing.T) {
	e := startEveryService(t)
	for range 3 {
		e.worker.tell("/drain", 200, "ok")
		e.expectGoodbye(t)
		e.worker.waitForStats(`"state":"drained"`)
		for name, address := range e.dial {
			if name != "packets" {
				e.clients[name] = dialLines(t, address)
			}
			fmt.Fprintln(e.clients[name].conn, "sent to nobody")
		}
		e.worker.tell("/undrain", 200, "ok")
		for name, waiting := range e.clients {
			if line, err := waiting.reader.ReadString('\n'); line != "sent to nobody\n" {
				t.Errorf("%s: wanted it back, got %q, %v", name, line, err)
			}
		}
		e.worker.waitForStats(`"state":"ready"`)
	}
	e.end(t)
}

// What waits in a queue when the worker ends is served too, whether it is in
// service or not.
func TestDrain_EveryServiceTakesWhatWaits(t *testing.T) {
	e := startEveryService(t)
	e.worker.tell("/drain", 200, "ok")
	e.expectGoodbye(t)
	for _, name := range []string{"lines", "foreign"} {
		e.clients[name] = dialLines(t, e.dial[name])
	}
	e.end(t)
}
