package activation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The tests that need a process of its own run this test binary again, as a
// worker with real inherited sockets: see child_test.go.
const scenarioVariable = "ACTIVATION_TEST_SCENARIO"

func TestMain(m *testing.M) {
	name := os.Getenv(scenarioVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	scenario, ok := scenarios[name]
	if !ok {
		fmt.Fprintln(os.Stderr, "unknown scenario", name)
		os.Exit(2)
	}
	if err := scenario(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// scenarios are the programs that the children run.
var scenarios = map[string]func() error{
	"serve":       serveScenario,
	"gated":       gatedScenario,
	"environment": environmentScenario,
	"stubborn":    stubbornScenario,
	"secure":      secureScenario,
	"recycle":     recycleScenario,
	"services":    servicesScenario,
	"hijack":      hijackScenario,
	"reload":      reloadScenario,
	"hung":        hungScenario,
	"store":       storeScenario,
	"mixed":       mixedScenario,
}

func testWorker(server *http.Server) Worker {
	return Worker{
		Services: []Service{&HTTP{Name: "http", Server: server, IdleGrace: idleGrace()}},
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
}

// testIdleGrace is what tests wait for that have a silent client. Under load it
// has to be long against the way of a request on a machine that is out of breath.
const (
	testIdleGrace = 500 * time.Millisecond
	underLoad     = "IDLE_GRACE=5s"
)

func idleGrace() time.Duration {
	if grace, err := time.ParseDuration(os.Getenv("IDLE_GRACE")); err == nil {
		return grace
	}
	return testIdleGrace
}

func serveScenario() error {
	server := &http.Server{Handler: testHandler(), Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return runAndLookForLeaks(testWorker(server))
}

// runAndLookForLeaks fails if goroutines or descriptors outlive the worker.
func runAndLookForLeaks(worker Worker) error {
	before, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	if err := worker.Run(context.Background()); err != nil {
		return err
	}
	if err := goleak.Find(goleak.IgnoreTopFunction("os/signal.loop")); err != nil {
		return err
	}
	after, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	// Fewer: the inherited ones are closed. One more: the runtime's epoll and
	// its wake-up.
	if len(after) > len(before) {
		return fmt.Errorf("descriptors: %d before, %d after", len(before), len(after))
	}
	return nil
}

// gatedScenario is healthy once the file named by GATE is gone.
func gatedScenario() error {
	worker := testWorker(&http.Server{Handler: testHandler()})
	worker.Health = func(context.Context) error {
		if _, err := os.Stat(os.Getenv("GATE")); err == nil {
			return errors.New("gate is shut")
		}
		return nil
	}
	return worker.Run(context.Background())
}

// stubbornScenario has a short limit and a handler that outlasts it.
func stubbornScenario() error {
	worker := testWorker(&http.Server{Handler: testHandler()})
	worker.DrainTimeout = 100 * time.Millisecond
	return worker.Run(context.Background())
}

// environmentScenario takes the socket "http", and prints what a child process
// would inherit.
func environmentScenario() error {
	sockets, err := Inherit()
	if err != nil {
		return err
	}
	listeners, err := sockets.Listeners("http")
	if err != nil {
		return err
	}
	again, err := Inherit()
	if err != nil || again != sockets {
		return fmt.Errorf("second call gave other sockets (%w)", err)
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		if value, ok := os.LookupEnv(name); ok {
			return fmt.Errorf("%s=%s is left for children", name, value)
		}
	}
	fmt.Println(len(listeners), sockets.Supervised(), slices.Clone(sockets.Names()))
	return nil
}

// testHandler answers with the length of the body, and waits for ?sleep before
// or, with ?late, after the header.
func testHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		size, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if r.FormValue("late") != "" {
			_ = http.NewResponseController(w).Flush()
		}
		if delay, err := time.ParseDuration(r.FormValue("sleep")); err == nil {
			time.Sleep(delay)
		}
		fmt.Fprintf(w, "%d bytes\n", size)
	})
	mux.HandleFunc("/panic", panicOnRequest)
	return mux
}

// panicOnRequest panics before or, with ?late, after the beginning of its answer.
func panicOnRequest(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Half-Done", "yes")
	if r.FormValue("late") != "" {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
	}
	panic("on request")
}
