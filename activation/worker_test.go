package activation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A worker that can't answer its health check accepts nothing, and can be
// asked why on its admin socket.
func TestWorker_AcceptsOnlyWhenHealthy(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	systemd := newManager(t)
	worker := systemd.start("gated", "GATE="+gate)
	worker.waitFor("STATUS=not healthy yet: gate is shut")

	client := &rawClient{address: systemd.address()}
	if err := client.dial(); err != nil {
		t.Fatal(err)
	}
	if err := client.send("/"); err != nil {
		t.Fatal(err)
	}
	if status, body := worker.ask("/healthz"); status != 503 || body != "gate is shut" {
		t.Errorf("/healthz: wanted 503 gate is shut, got %d %s", status, body)
	}
	if status, body := worker.ask("/readyz"); status != 503 || body != "starting" {
		t.Errorf("/readyz: wanted 503 starting, got %d %s", status, body)
	}
	if _, body := worker.ask("/stats"); !strings.Contains(body, `"accepted":0`) {
		t.Errorf("/stats: wanted nothing accepted, got %s", body)
	}

	if err := os.Remove(gate); err != nil {
		t.Fatal(err)
	}
	worker.waitFor("READY=1")
	if _, err := client.receive(); err != nil {
		t.Errorf("request that waited in the queue: %v", err)
	}
	if status, body := worker.ask("/readyz"); status != 200 || body != "ready" {
		t.Errorf("/readyz: wanted 200 ready, got %d %s", status, body)
	}
	client.close()
	worker.terminate()
	worker.waitFor("STOPPING=1")
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

func TestWorker_StoppedBeforeItIsReady(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	worker := newManager(t).start("gated", "GATE="+gate)
	worker.waitFor("STATUS=not healthy yet")
	worker.terminate()
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
	worker.notify.Close()
	for message := range worker.heard {
		if strings.Contains(message, "READY=1") {
			t.Errorf("wanted no READY=1, got %q", message)
		}
	}
}
