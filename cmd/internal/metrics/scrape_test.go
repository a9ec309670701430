package metrics

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/listener"
	"github.com/clusterctl/clusterctl/units/rollout"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scrape is one of three clusters: one in the middle of a rollout, one whose
// state can't be read, and one whose units can't be.
func scrape() Scrape {
	policy := spec.DefaultPolicy()
	policy.MinReadySec = 10 * time.Second
	unit := func(instance string, state units.ActiveState, activeFor time.Duration) units.Worker {
		return units.Worker{
			Unit:     units.Unit{Name: units.WorkerName("web", instance), ActiveState: state},
			Instance: instance, Enabled: true, ActiveFor: activeFor,
		}
	}
	crashing := unit("4", units.Activating, 0)
	crashing.NRestarts = 12
	vitals := units.Vitals{Since: time.Unix(1795689354, 0), Memory: 5 << 20, CPU: 1500 * time.Millisecond}
	web := overview.Seen{
		Cluster: units.Cluster{
			Name:    "web",
			Service: units.Unit{Name: "web.service", ActiveState: units.Active},
			Sockets: []units.Unit{{Name: "web.socket", ActiveState: units.Active}, {Name: "web-ctl.socket", ActiveState: units.FailedState}},
			Workers: []units.Worker{unit("1", units.Active, time.Hour), unit("2", units.Active, time.Second), unit("3", units.Active, time.Hour), crashing},
		},
		Policy:   policy,
		Releases: map[string]string{"1": "v2", "2": "v2", "3": "v1", "4": "v1"},
		Queues:   []listener.Queue{{Address: "0.0.0.0:8080", Waiting: 3, Limit: 128, Dropped: 7}, {Address: "0.0.0.0:8080"}, {Address: "/run/\xff\"web\".sock", Limit: 128}},
		Rollout: &rollout.Run{
			Start:   rollout.Start{Cluster: "web", Revision: 4, Workers: []string{"1", "2", "3", "4"}, Release: "v2"},
			Started: time.Unix(1795689300, 0), Progressed: time.Unix(1795689354, 500e6),
			Phase: rollout.Held, Cause: rollout.Cause{Reason: rollout.CanaryHold},
			Steps: map[string]rollout.Step{"1": {State: rollout.Available}},
		},
		Vitals: map[string]units.Vitals{"1": vitals, "2": vitals, "3": vitals, "4": vitals},
		Answers: map[string]overview.Answer{
			"1": {Stats: answer(admin.Ready)},
			"2": {StatsErr: errors.New("no answer in 1s")},
			"3": {Stats: admin.Stats{State: admin.Drained, Services: map[string]admin.Service{"http": {}}}},
		},
	}
	api := overview.Seen{Cluster: units.Cluster{Name: "api", Service: units.Unit{ActiveState: units.Active}, Workers: []units.Worker{unit("1", units.Active, time.Hour)}}}
	return Scrape{Version: "1.2.3", Clusters: []Cluster{
		{Name: "api", Seen: &api, Partial: true, Took: 2 * time.Millisecond, Errors: map[Source]int{State: 1}},
		{Name: "gone", Took: time.Millisecond, Errors: map[Source]int{Units: 1}},
		{Name: "web", Seen: &web, Kept: 2, Took: 12 * time.Millisecond, Errors: map[Source]int{Workers: 1}},
	}}
}

func answer(state admin.State) admin.Stats {
	n := func(n int64) *int64 { return &n }
	return admin.Stats{State: state, Start: 1795689354.125, Services: map[string]admin.Service{"http": {
		Accepted: n(1042), Connections: n(7), Hijacked: n(2), Requests: n(5121), Errors: n(3),
		InFlight: n(1), Panics: n(0), Drained: n(31), Cut: n(0),
	}}}
}

func encode(t *testing.T, s Scrape, kind expfmt.FormatType) []byte {
	t.Helper()
	gathered, err := s.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, expfmt.NewFormat(kind))
	for _, family := range gathered {
		if err := encoder.Encode(family); err != nil {
			t.Fatal(err)
		}
	}
	if err := encoder.(expfmt.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var goVersion = regexp.MustCompile(`goversion="[^"]+"`)

func TestScrape_Golden(t *testing.T) {
	for name, kind := range map[string]expfmt.FormatType{"scrape.openmetrics": expfmt.TypeOpenMetrics, "scrape.text": expfmt.TypeTextPlain} {
		got := goVersion.ReplaceAll(encode(t, scrape(), kind), []byte(`goversion="go1.x"`))
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is another; look at what changed, then: go test ./cmd/internal/metrics -update\n%s", golden, got)
		}
	}
}

// The sample has each family, so that the golden files show all.
func TestScrape_HasEveryFamily(t *testing.T) {
	text := string(encode(t, scrape(), expfmt.TypeTextPlain))
	for _, family := range Families() {
		// The rollout of the sample has no end yet.
		if !strings.Contains(text, "# TYPE "+family.Name+" ") && family.Name != "clusterctl_rollout_end_time_seconds" {
			t.Errorf("the sample has no %s", family.Name)
		}
	}
}

func TestScrape_WithoutClustersTellsOfItself(t *testing.T) {
	text := string(encode(t, Scrape{Version: "1.2.3"}, expfmt.TypeTextPlain))
	if !strings.Contains(text, `clusterctl_build_info{goversion="`) || strings.Contains(text, "cluster=") {
		t.Errorf("got %s", text)
	}
}

// The manual says how many series there are, and this counts them.
func TestScrape_Cardinality(t *testing.T) {
	series := func(workers, listeners, sockets, addresses int) int {
		seen := overview.Seen{Rollout: &rollout.Run{Phase: rollout.Complete, Ended: time.Unix(1, 0)}, Vitals: map[string]units.Vitals{}, Answers: map[string]overview.Answer{}}
		for i := range workers {
			instance := strconv.Itoa(i)
			seen.Workers = append(seen.Workers, units.Worker{Unit: units.Unit{ActiveState: units.Active}, Instance: instance})
			seen.Vitals[instance] = units.Vitals{Since: time.Unix(1, 0), Memory: 1}
			stats := admin.Stats{Services: map[string]admin.Service{}}
			for l := range listeners {
				stats.Services[strconv.Itoa(l)] = answer(admin.Ready).Services["http"]
			}
			seen.Answers[instance] = overview.Answer{Stats: stats}
		}
		for i := range sockets {
			seen.Sockets = append(seen.Sockets, units.Unit{Name: strconv.Itoa(i)})
		}
		for i := range addresses {
			seen.Queues = append(seen.Queues, listener.Queue{Address: strconv.Itoa(i)})
		}
		gathered, err := Scrape{Clusters: []Cluster{{Name: "web", Seen: &seen}}}.Gatherer().Gather()
		if err != nil {
			t.Fatal(err)
		}
		count := -1 // build_info is of the exporter
		for _, family := range gathered {
			count += len(family.GetMetric())
		}
		return count
	}
	cluster := series(0, 0, 0, 0)
	worker, answers := series(1, 0, 0, 0)-cluster, series(1, 1, 0, 0)-series(1, 0, 0, 0)
	socket, address := series(0, 0, 1, 0)-cluster, series(0, 0, 0, 1)-cluster
	manual := readDist(t, "doc/metrics.md")
	for _, want := range []string{
		fmt.Sprintf("| each cluster | %d |", cluster), fmt.Sprintf("| each worker | %d |", worker),
		fmt.Sprintf("| each listener of a worker | %d |", answers), fmt.Sprintf("| each socket unit | %d |", socket),
		fmt.Sprintf("| each address | %d |", address),
		fmt.Sprintf("A cluster of 10 workers on one address has %d series, one of 1,000 workers %d.", series(10, 1, 1, 1), series(1000, 1, 1, 1)),
	} {
		if !strings.Contains(manual, want) {
			t.Errorf("metrics.md lacks %q", want)
		}
	}
}

func TestUnitOf(t *testing.T) {
	for name, want := range map[string]string{
		"worker_cpu_seconds_total": "seconds", "worker_memory_bytes": "bytes", "rollout_end_time_seconds": "seconds",
		"worker_requests_total": "", "build_info": "", "bytes": "",
	} {
		if got := unitOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestTarget(t *testing.T) {
	at := func(instance, release string) worker {
		return worker{Worker: units.Worker{Instance: instance}, release: release}
	}
	restart := &rollout.Run{
		Start: rollout.Start{Workers: []string{"1", "2"}},
		Steps: map[string]rollout.Step{"1": {State: rollout.Available}},
	}
	deploy := &rollout.Run{Start: rollout.Start{Workers: []string{"1", "2"}, Release: "v2"}}
	for name, tt := range map[string]struct {
		run    *rollout.Run
		worker worker
		want   bool
	}{
		"no rollout yet":                {nil, at("1", ""), true},
		"restarted":                     {restart, at("1", ""), true},
		"its turn has not come":         {restart, at("2", ""), false},
		"came after the restart":        {restart, at("3", ""), true},
		"on the release":                {deploy, at("1", "v2"), true},
		"on another":                    {deploy, at("2", "v1"), false},
		"came later with the release":   {deploy, at("3", "v2"), true},
		"came later without a release":  {deploy, at("3", ""), false},
		"gone back although it was new": {deploy, at("1", "v1"), false},
	} {
		if got := targetOf(tt.run)(tt.worker); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
}

// Every phase that a rollout can be in has a sample: the constants are read from
// the source, so that a new one can't be forgotten.
func TestPhases_AreAll(t *testing.T) {
	source, err := os.ReadFile("../../../units/rollout/run.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := regexp.MustCompile(`(?m)^\s+\w+\s+Phase = "(\w+)"`).FindAllSubmatch(source, -1)
	if len(constants) != len(phases) {
		t.Errorf("%d phases in units/rollout, %d here", len(constants), len(phases))
	}
	for _, constant := range constants {
		if !slices.Contains(phases, rollout.Phase(constant[1])) {
			t.Errorf("the phase %s has no sample", constant[1])
		}
	}
}
