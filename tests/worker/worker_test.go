package worker

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
)

// program is how a sample worker is run.
type program struct {
	command, apt string
	arguments    []string
	environment  []string // beside that of every worker
}

var programs = map[string]program{
	"node": {
		command: "node", apt: "nodejs", arguments: []string{"node/server.js"},
	},
	"python": {
		command: "python3", apt: "python3", arguments: []string{"python/worker.py"},
	},
	"gunicorn": {
		command: "gunicorn", apt: "gunicorn", arguments: []string{"--config", "gunicorn/gunicorn.conf.py", "app:application"},
	},
	"go": {}, // built by TestMain
}

func (p program) find(t *testing.T) string {
	t.Helper()
	if p.command == "" {
		return built
	}
	path, err := exec.LookPath(p.command)
	if err != nil {
		t.Fatalf("%v\ninstall it: apt-get install --no-install-recommends %s", err, p.apt)
	}
	return path
}

func each(t *testing.T, test func(*testing.T, program)) {
	for name, program := range programs {
		t.Run(name, func(t *testing.T) { test(t, program) })
	}
}

// listen opens the listener that workers share, as systemd does: plain TCP.
func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	config := net.ListenConfig{}
	config.SetMultipathTCP(false)
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.(*net.TCPListener)
}

const rounds = 3

func TestWorker_RestartsUnderLoadLoseNothing(t *testing.T) {
	each(t, func(t *testing.T, program program) {
		for _, mode := range []load.Mode{load.KeepAlive, load.NewConnection} {
			t.Run(string(mode), func(t *testing.T) {
				shared := listen(t)
				a, b := spawn(t, program, "1", shared), spawn(t, program, "2", shared)
				a.waitReady()
				b.waitReady()
				run, err := load.Start(t.Context(), load.Config{
					Network: "tcp", Address: shared.Addr().String(), Mode: mode, Rate: 300,
					SlowShare: 0.05, SlowPath: "/?sleep=250ms",
				})
				if err != nil {
					t.Fatal(err)
				}
				defer run.Stop()
				for range rounds {
					a.drain()
					a = spawn(t, program, "1", shared)
					a.waitReady()
					b.drain()
					b = spawn(t, program, "2", shared)
					b.waitReady()
				}
				report := run.Stop()
				t.Logf("\n%s", report)
				if report.Failed != 0 || report.PerWorker["1"] == 0 || report.PerWorker["2"] == 0 {
					t.Errorf("want 0 failed, and answers of both workers:\n%s", report)
				}
			})
		}
	})
}

func TestWorker_SaysWhoAnswers(t *testing.T) {
	each(t, func(t *testing.T, program program) {
		shared := listen(t)
		worker := spawn(t, program, "7", shared)
		worker.waitReady()
		_, header, body := get(t, "tcp", shared.Addr().String(), "/")
		pid := header.Get("X-Pid")
		if header.Get("X-Worker") != "7" || header.Get("X-Release") != "r1" || body != fmt.Sprintf("worker 7, release r1, process %s\n", pid) {
			t.Errorf("got %v %q", header, body)
		}
	})
}

func get(t *testing.T, network, address, path string) (int, http.Header, string) {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: patience}
	response, err := client.Get("http://worker" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(body)
}
