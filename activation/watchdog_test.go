package activation

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestReadWatchdog(t *testing.T) {
	const pid = 100
	tests := []struct {
		name string
		env  map[string]string
		want time.Duration
		err  string
	}{
		{name: "none", env: map[string]string{"WATCHDOG_PID": "100"}},
		{name: "for us", env: map[string]string{"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "100"}, want: 3 * time.Second},
		{name: "for anyone", env: map[string]string{"WATCHDOG_USEC": "1"}, want: time.Microsecond},
		{name: "for another", env: map[string]string{"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "99"}},
		{name: "garbage", env: map[string]string{"WATCHDOG_USEC": "3s"}, err: `WATCHDOG_USEC="3s": wanted a number of microseconds`},
		{name: "empty", env: map[string]string{"WATCHDOG_USEC": ""}, err: `WATCHDOG_USEC="": wanted a number`},
		{name: "zero", env: map[string]string{"WATCHDOG_USEC": "0"}, err: `WATCHDOG_USEC="0": wanted a number`},
		{name: "negative", env: map[string]string{"WATCHDOG_USEC": "-1"}, err: `WATCHDOG_USEC="-1": wanted a number`},
		{name: "too large", env: map[string]string{"WATCHDOG_USEC": "9223372036854775807"}, err: "wanted a number"},
		{
			name: "for nobody", env: map[string]string{"WATCHDOG_USEC": "1", "WATCHDOG_PID": "me"},
			err: `WATCHDOG_PID="me": wanted the number of a process`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lookup := func(name string) (string, bool) { value, ok := test.env[name]; return value, ok }
			got, err := readWatchdog(lookup, pid)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error: wanted %s, got %v", test.err, err)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("wanted %s, got %s, %v", test.want, got, err)
			}
		})
	}
}

// hungScenario hangs for as long as the file named by HANG exists: with HANG_IN
// "accept" in its accept loop, or else in a request that keeps a lock.
func hungScenario() error {
	var pool sync.Mutex
	hang := func() {
		for exists(os.Getenv("HANG")) {
			time.Sleep(time.Millisecond)
		}
	}
	server := &http.Server{}
	inAccept := os.Getenv("HANG_IN") == "accept"
	server.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		pool.Lock()
		defer pool.Unlock()
		if !inAccept {
			hang()
		}
	})
	if inAccept {
		server.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
			hang()
			return ctx
		}
	}
	worker := testWorker(server)
	worker.Liveness = func(context.Context) error {
		pool.Lock()
		defer pool.Unlock()
		return nil
	}
	return worker.Run(context.Background())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A worker that hangs under load is no longer fed for, says why, and is fed for
// again if it recovers before systemd kills it.
func TestWatchdog_HungWorker(t *testing.T) {
	for place, reason := range map[string]string{
		"accept":  `service "http": accept loop is stuck for `,
		"request": "liveness check did not answer in ",
	} {
		t.Run(place, func(t *testing.T) {
			gate := filepath.Join(t.TempDir(), "hang")
			worker := newManager(t)
			hung := worker.start("hung", "HANG="+gate, "HANG_IN="+place, "WATCHDOG_USEC=400000")
			hung.waitFor("READY=1")
			client := &rawClient{address: worker.address()}
			if _, err := client.get("/"); err != nil {
				t.Fatal(err)
			}
			client.close()
			hung.waitFor("WATCHDOG=1")

			if err := os.WriteFile(gate, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			var waiting []*rawClient
			for range 8 {
				client := &rawClient{address: worker.address()}
				if err := client.dial(); err != nil {
					t.Fatal(err)
				}
				if err := client.send("/"); err != nil {
					t.Fatal(err)
				}
				waiting = append(waiting, client)
			}
			hung.waitFor("STATUS=not alive: " + reason)
			for range 3 {
				if message := hung.waitFor(""); !strings.Contains(message, "STATUS=not alive: ") {
					t.Errorf("of a hung worker: wanted only STATUS=not alive, got %q", message)
				}
			}

			if err := os.Remove(gate); err != nil {
				t.Fatal(err)
			}
			hung.waitFor("WATCHDOG=1")
			hung.waitFor("STATUS=serving")
			for _, client := range waiting {
				if _, err := client.receive(); err != nil {
					t.Errorf("request that waited: %v", err)
				}
				client.close()
			}
			hung.terminate()
			if code, log := hung.wait(); code != 0 {
				t.Errorf("exit: wanted 0, got %d\n%s", code, log)
			}
		})
	}
}

// A check that answers at once has answered, however the goroutines are scheduled.
func TestLiveness_QuickAnswerCounts(t *testing.T) {
	quick := liveness{check: func(context.Context) error { return nil }}
	for range 10_000 {
		if err := quick.ask(t.Context(), patience); err != nil {
			t.Fatal(err)
		}
	}
}
