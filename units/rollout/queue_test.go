package rollout

import (
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// neverFull are queues that always have room.
type neverFull struct{}

func (neverFull) Full(units.Cluster) (string, error) { return "", nil }

func TestNext_AFullAcceptQueueHoldsWhatWouldStopSomebody(t *testing.T) {
	begun := time.Unix(1_800_000_000, 0)
	run := begin(Start{Cluster: "web", Revision: 1, Policy: spec.DefaultPolicy(), Workers: []string{"1", "2"}}, begun)
	seen := Seen{Full: "127.0.0.1:8080"}
	seen.Sockets = []units.Unit{{Name: "web.socket", ActiveState: units.Active}}
	for _, instance := range run.Workers {
		seen.Workers = append(seen.Workers, units.Worker{Instance: instance, InvocationID: "old", Enabled: true, Unit: units.Unit{ActiveState: units.Active}})
	}

	d := Next(run, seen, begun)
	if len(d.Do) != 0 || d.Phase != Progressing || !d.Wake.After(begun) {
		t.Errorf("with a full queue: %+v, want to wait", d)
	}
	late := begun.Add(run.Policy.ProgressDeadlineSec)
	if d := Next(run, seen, late); d.Phase != Failing || d.Reason != AcceptQueueFull {
		t.Errorf("full until the deadline: %+v", d)
	}
	if d := Next(run, Seen{Cluster: seen.Cluster}, begun); len(d.Do) != 1 {
		t.Errorf("with room: %+v, want to begin", d)
	}
	seen.Workers[1].ActiveState = units.FailedState
	if d := Next(run, seen, begun); len(d.Do) != 1 || d.Do[0].Instance != "2" {
		t.Errorf("with a worker down: %+v, want to start it", d)
	}
}
