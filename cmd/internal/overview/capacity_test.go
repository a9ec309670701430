package overview

import (
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
)

func TestCapacity(t *testing.T) {
	seen := healthy()
	seen.Policy = spec.DefaultPolicy()
	if got := Least(seen); got != 2 {
		t.Errorf("least of 3 workers: %d, want 2", got)
	}
	seen.Policy.MaxUnavailable = spec.Percent(100)
	if got := Least(seen); got != 0 {
		t.Errorf("least with MaxUnavailable=100%%: %d, want 0", got)
	}
	seen.Workers[0].Enabled = false
	seen.Policy.MaxUnavailable = spec.Number(1)
	if got := Least(seen); got != 1 {
		t.Errorf("least of 2 workers and one beside them: %d, want 1", got)
	}

	seen.Workers[1].ActiveState = units.FailedState
	delete(seen.Answers, "2")
	answer := seen.Answers["3"]
	answer.Stats.State = admin.Drained
	seen.Answers["3"] = answer
	shown := Of(seen)
	for instance, want := range map[string]int{"1": 0, "2": 1, "3": 1} {
		if got := shown.Without([]string{instance}); got != want {
			t.Errorf("without %s %d are in service, want %d", instance, got, want)
		}
	}
}
