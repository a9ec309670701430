package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/clusterctl/clusterctl/cmd/internal/metrics"
	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
)

// adminSockets are those of a cluster "web" in a directory of their own: worker
// 1 answers, 2 has no numbers, 3 accepts nothing, 4 has no socket, 5 accepts
// nothing and has been asked often.
func adminSockets(t *testing.T) (runtimeDir string) {
	t.Helper()
	runtimeDir, err := os.MkdirTemp("", "exporter-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(runtimeDir) })
	if err := os.Mkdir(filepath.Join(runtimeDir, "web"), 0o755); err != nil {
		t.Fatal(err)
	}
	listen := func(instance string) net.Listener {
		listener, err := net.Listen("unix", filepath.Join(runtimeDir, "web", instance+".sock"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		return listener
	}
	go http.Serve(listen("1"), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"state":"ready","services":{"http":{"requests":7}}}`)
	}))
	go http.Serve(listen("2"), http.NotFoundHandler())
	listen("3")
	often := listen("5")
	for range unanswered {
		conn, err := net.Dial("unix", often.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close() // whoever gave up still stands in the queue
	}
	return runtimeDir
}

func TestAsk_WhoDoesNotAnswerCostsNobodyElse(t *testing.T) {
	for name, tt := range map[string]struct {
		health spec.Health
		errors int
	}{
		"asked for its health there": {spec.Health{Kind: spec.HealthHTTP, Target: "/healthz"}, 3},
		"need not listen there":      {spec.Health{Kind: spec.HealthNone}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			seen := overview.Seen{Policy: spec.Policy{Health: tt.health}}
			for _, instance := range []string{"1", "2", "3", "4", "5"} {
				seen.Workers = append(seen.Workers, units.Worker{Instance: instance, Unit: units.Unit{Name: units.WorkerName("web", instance), ActiveState: units.Active}})
			}
			seen.Workers = append(seen.Workers, units.Worker{Instance: "6", Unit: units.Unit{ActiveState: units.FailedState}})
			clusters := []metrics.Cluster{{Name: "gone"}, {Name: "web", Seen: &seen, Errors: map[metrics.Source]int{}}}
			looker{runtimeDir: adminSockets(t), log: slog.New(slog.DiscardHandler)}.ask(t.Context(), clusters)

			if got := clusters[1].Errors[metrics.Workers]; got != tt.errors {
				t.Errorf("%d errors, wanted %d", got, tt.errors)
			}
			if first := seen.Answers["1"]; first.StatsErr != nil || *first.Stats.Services["http"].Requests != 7 {
				t.Errorf("worker 1: %+v", first)
			}
			var refused *admin.AnswerError
			if err := seen.Answers["2"].StatsErr; !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
				t.Errorf("worker 2: %v", err)
			}
			if err := seen.Answers["3"].StatsErr; err == nil || errors.Is(err, errAcceptsNothing) {
				t.Errorf("worker 3: %v", err)
			}
			if err := seen.Answers["4"].StatsErr; !errors.Is(err, admin.ErrNobody) {
				t.Errorf("worker 4: %v", err)
			}
			if err := seen.Answers["5"].StatsErr; !errors.Is(err, errAcceptsNothing) {
				t.Errorf("worker 5: %v", err)
			}
			if _, asked := seen.Answers["6"]; asked {
				t.Error("a worker that is down was asked")
			}
			if clusters[1].Took < wait {
				t.Errorf("the time that the third worker took is not told: %s", clusters[1].Took)
			}
		})
	}
}
