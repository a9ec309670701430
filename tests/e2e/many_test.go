package e2e

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// No hardening: each worker would bring a dozen seccomp filters, and Linux 6.18 can
// stand still when more than a thousand of them are freed at the same time.
const manySpec = `[Cluster]
Workers=200
Listen=http=127.0.0.1:8080
Hardening=no

[Rollout]
MaxUnavailable=20
Health=none

[Service]
Type=exec
ExecStart=/usr/bin/sleep infinity
`

// With many workers a lost signal would stall a batch until the progress
// deadline, and a limit of the bus would refuse a match or a call.
func TestRolloutRestart_TwoHundredWorkersLoseNoSignal(t *testing.T) {
	const workers, batch = 200, 20
	s := newStage(t, "")
	many, err := s.Install(t.Context(), "many", manySpec, workers)
	if err != nil {
		t.Fatal(err)
	}
	if err := many.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := invocations(t, many)
	events := run(t, many, stage.Clusterctl, "rollout", "restart", "many", "-o", "json")
	for unit, invocation := range invocations(t, many) {
		if invocation == before[unit] {
			t.Errorf("%s was not restarted", unit)
		}
	}

	done := make(map[string]bool)
	lines := bufio.NewScanner(strings.NewReader(events))
	for lines.Scan() {
		var event struct {
			Kind, Instance, Result string
			Do                     []struct{ Instance string }
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatalf("event %s: %v", lines.Text(), err)
		}
		if len(event.Do) > batch {
			t.Errorf("%d workers at once, and MaxUnavailable=%d", len(event.Do), batch)
		}
		if event.Kind == "job" && event.Result == "done" {
			done[event.Instance] = true
		}
	}
	if len(done) != workers {
		t.Errorf("the results of %d jobs were seen, wanted %d", len(done), workers)
	}
}
