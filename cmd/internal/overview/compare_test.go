package overview

import (
	"slices"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/rollout"
)

func TestCompare(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*Seen)
		workers []string
		gone    []string
		itself  bool
	}{
		"nothing": {func(*Seen) {}, nil, nil, false},
		"what never stands still": {func(s *Seen) {
			s.Vitals["1"] = units.Vitals{Since: time.Unix(1000, 0), Memory: 1, CPU: time.Hour}
			s.Queues[0].Waiting = 2
			s.Answers["2"].Stats.Services["http"] = admin.Service{}
		}, nil, nil, false},
		"a state": {func(s *Seen) { s.Workers[1].SubState = "reload" }, []string{"2"}, nil, false},
		"a restart between two looks": {func(s *Seen) {
			s.Vitals["1"] = units.Vitals{Since: time.Unix(2000, 0)}
		}, []string{"1"}, nil, false},
		"one that stops":   {func(s *Seen) { s.Workers[1].ActiveState = units.Inactive }, []string{"2"}, nil, true},
		"one that is gone": {func(s *Seen) { s.Workers = s.Workers[:2] }, nil, []string{"web@3.service"}, true},
		"one more": {func(s *Seen) {
			s.Workers = append(s.Workers, units.Worker{Instance: "4", Unit: units.Unit{Name: "web@4.service"}})
		}, []string{"4"}, nil, true},
		"a rollout":  {func(s *Seen) { s.Rollout.Phase = rollout.Progressing }, nil, nil, true},
		"a listener": {func(s *Seen) { s.Sockets[0].ActiveState = units.FailedState }, nil, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			before, seen := Of(healthy()), healthy()
			tt.change(&seen)
			got := Compare(before, Of(seen))
			var workers []string
			for _, worker := range got.Workers {
				workers = append(workers, worker.Instance)
			}
			if !slices.Equal(workers, tt.workers) || !slices.Equal(got.Gone, tt.gone) || got.Itself != tt.itself {
				t.Errorf("workers %q, gone %q, itself %v\nwant %q, %q, %v", workers, got.Gone, got.Itself, tt.workers, tt.gone, tt.itself)
			}
			if empty := workers == nil && tt.gone == nil && !tt.itself; got.IsEmpty() != empty {
				t.Errorf("is empty: %v", got.IsEmpty())
			}
		})
	}
}
