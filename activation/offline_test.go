package activation

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// A worker that is told to go offline hands its clients to another, stays
// alive, and takes them again when told to.
func TestOffline_AndOnlineAgain(t *testing.T) {
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
	worker.tell("/drain", 409, "worker does not serve: it is offline")
	if status, body := worker.ask("/readyz"); status != 503 || body != "offline" {
		t.Errorf("/readyz: wanted 503 offline, got %d %s", status, body)
	}
	if closing, err := client.get("/"); err != nil || !closing {
		t.Errorf("offline: wanted Connection: close, got closing %t, %v", closing, err)
	}
	silent.waitClosed(t)
	waiting := &rawClient{address: systemd.address()}
	if err := waiting.dial(); err != nil {
		t.Fatal(err)
	}
	if err := waiting.send("/"); err != nil {
		t.Fatal(err)
	}
	if _, body := worker.ask("/stats"); !strings.Contains(body, `"accepted":2,`) {
		t.Errorf("/stats: wanted no more than 2 accepted, got %s", body)
	}

	worker.tell("/undrain", 200, "ok")
	worker.tell("/undrain", 409, "worker is not offline: it is ready")
	if closing, err := waiting.receive(); err != nil || closing {
		t.Errorf("online: wanted an open connection, got closing %t, %v", closing, err)
	}
	waiting.close()
	worker.terminate()
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

// A worker that is offline ends like any other.
func TestOffline_ThenDrained(t *testing.T) {
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

// Two workers go offline in turn under load, over HTTP/1 and HTTP/2.
func TestOffline_UnderLoad(t *testing.T) {
	systemd := newManager(t)
	workers := []*child{systemd.start("serve"), systemd.start("serve")}
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

func TestMayControl(t *testing.T) {
	for _, test := range []struct {
		peer uint32
		own  int
		want bool
	}{{0, 1000, true}, {1000, 1000, true}, {1001, 1000, false}, {1000, 0, false}} {
		if got := mayControl(test.peer, test.own); got != test.want {
			t.Errorf("peer %d of %d: wanted %t, got %t", test.peer, test.own, test.want, got)
		}
	}
}
