package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// Every gate, and every state in which a worker can be found.
func TestJudge(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	policy := spec.DefaultPolicy()
	policy.MinReadySec = 5 * time.Second
	policy.Health = spec.Health{Kind: spec.HealthHTTP, Threshold: 3}
	restart := func(state StepState) Step {
		return Step{State: state, Action: Action{ID: 1, Verb: Restart, Release: "v2", Before: "old"}, Result: units.JobDone, Ended: now.Add(-time.Minute)}
	}
	with := func(step Step, change func(*Step)) Step { change(&step); return step }
	verb := func(verb Verb) func(*Step) { return func(s *Step) { s.Verb = verb } }
	up := units.Worker{Instance: "1", Unit: units.Unit{ActiveState: units.Active}, InvocationID: "new", ActiveFor: time.Minute}
	worker := func(change func(*units.Worker)) units.Worker { w := up; change(&w); return w }
	state := func(state units.ActiveState) units.Worker {
		return worker(func(w *units.Worker) { w.ActiveState = state })
	}
	waitsForRestart := worker(func(w *units.Worker) { w.ActiveState, w.SubState = units.Activating, "auto-restart" })
	healthy := Probe{InvocationID: "new", Healthy: true}
	tests := []struct {
		name     string
		step     Step
		worker   units.Worker
		probe    Probe
		link     string
		standing standing
		reason   Reason
		detail   string
	}{
		{"its turn has not come", Step{}, up, healthy, "v1", waiting, "", ""},
		{"its job is with systemd", restart(Queued), up, healthy, "v2", moving, "", ""},
		{"every gate is met", restart(Done), up, healthy, "v2", available, "", ""},
		{"the job was refused", with(restart(Done), func(s *Step) { s.Error = "unit is masked" }), up, healthy, "v2", broken, JobFailed, "unit is masked"},
		{"the job failed", with(restart(Done), func(s *Step) { s.Result = units.JobFailed }), state(units.Activating), healthy, "v2", broken, JobFailed, `the restart job ended with the result "failed"`},
		{"done, and nothing was done", with(restart(Done), func(s *Step) { s.Before = "new" }), up, healthy, "v2", broken, NothingDone, "not started anew"},
		{"it crashed and came back", restart(Done), worker(func(w *units.Worker) { w.NRestarts = 1 }), healthy, "v2", broken, RestartedWhileBaking, "started it again"},
		{"a job that is over too early, and it starts", restart(Done), state(units.Activating), healthy, "v2", moving, "", ""},
		{"it crashed and waits to come back", restart(Done), waitsForRestart, healthy, "v2", broken, RestartedWhileBaking, "after READY=1"},
		{"it went down", restart(Done), state(units.Inactive), healthy, "v2", broken, WorkerDown, "it is inactive"},
		{"it reloads by itself", restart(Done), state(units.Reloading), healthy, "v2", available, "", ""},
		{"somebody changed its link", restart(Done), up, healthy, "hotfix", broken, WrongRelease, `points at "hotfix"`},
		{"nobody has asked it yet", restart(Done), up, Probe{}, "v2", moving, "", ""},
		{"what was asked is an earlier start", restart(Done), up, Probe{InvocationID: "old", Healthy: true}, "v2", moving, "", ""},
		{"it failed its check twice of three", restart(Done), up, Probe{InvocationID: "new", Failures: 2}, "v2", moving, "", ""},
		{"it failed its check", restart(Done), up, Probe{InvocationID: "new", Failures: 3, Error: "500"}, "v2", broken, Unhealthy, "3 times in a row: 500"},
		{"it bakes", restart(Done), worker(func(w *units.Worker) { w.ActiveFor = time.Second }), healthy, "v2", moving, "", ""},

		{"available, and still so", restart(Available), up, Probe{}, "v2", available, "", ""},
		{"available, and fails a check", restart(Available), up, Probe{InvocationID: "new", Failures: 2}, "v2", available, "", ""},
		{"available, and unhealthy", restart(Available), up, Probe{InvocationID: "new", Failures: 3}, "v2", broken, Unhealthy, ""},
		{"available, and crashed", restart(Available), state(units.FailedState), healthy, "v2", broken, WorkerDown, ""},

		{"unknown, and its job is there", restart(Unknown), worker(func(w *units.Worker) { w.Job, w.InvocationID = 7, "old" }), healthy, "v2", moving, "", ""},
		{"unknown, and it starts", restart(Unknown), state(units.Activating), healthy, "v2", moving, "", ""},
		{"unknown, and it stops", restart(Unknown), state(units.Deactivating), healthy, "v2", moving, "", ""},
		{"unknown, and never began", restart(Unknown), worker(func(w *units.Worker) { w.InvocationID = "old" }), healthy, "v2", waiting, "", ""},
		{"unknown, and down", restart(Unknown), state(units.FailedState), healthy, "v2", waiting, "", ""},
		{"unknown, and crashed since", restart(Unknown), worker(func(w *units.Worker) { w.NRestarts = 1 }), healthy, "v2", waiting, "", ""},
		{"unknown, and never switched", restart(Unknown), up, healthy, "v1", waiting, "", ""},
		{"unknown, and well", restart(Unknown), up, healthy, "v2", available, "", ""},

		{"reloaded", with(with(restart(Done), verb(Reload)), func(s *Step) { s.Before = "new" }), up, healthy, "v2", available, "", ""},
		{"reloaded a moment ago", with(with(restart(Done), verb(Reload)), func(s *Step) { s.Before, s.Ended = "new", now }), up, healthy, "v2", moving, "", ""},
		{"did not survive the reload", with(restart(Done), verb(Reload)), up, healthy, "v2", broken, RestartedWhileBaking, "instead of reloaded"},
		{"a reload leaves no trace", with(restart(Unknown), verb(Reload)), up, healthy, "v2", waiting, "", ""},

		{"switched only", with(restart(Done), verb(Switch)), state(units.Inactive), Probe{}, "v2", available, "", ""},
		{"switched only, and changed since", with(restart(Done), verb(Switch)), state(units.Inactive), Probe{}, "v1", broken, WrongRelease, ""},
		{"a switch that nobody saw", with(restart(Unknown), verb(Switch)), state(units.Inactive), Probe{}, "v2", waiting, "", ""},

		{"stopped", with(restart(Done), verb(Stop)), state(units.Inactive), Probe{}, "v2", gone, "", ""},
		{"stopped, whatever it is now", with(restart(Done), verb(Stop)), up, Probe{}, "v2", gone, "", ""},
		{"a stop that nobody saw is over", with(restart(Unknown), verb(Stop)), state(units.Inactive), Probe{}, "v2", gone, "", ""},
		{"a stop that nobody saw goes on", with(restart(Unknown), verb(Stop)), state(units.Deactivating), Probe{}, "v2", moving, "", ""},
		{"a stop that nobody saw has its job still", with(restart(Unknown), verb(Stop)), worker(func(w *units.Worker) { w.Job = 7 }), Probe{}, "v2", moving, "", ""},
		{"a stop that never began", with(restart(Unknown), verb(Stop)), up, Probe{}, "v2", waiting, "", ""},
	}
	for _, tt := range tests {
		j := judge{&policy, map[string]string{"1": tt.link}, map[string]Probe{"1": tt.probe}, now}
		got := j.worker(tt.step, tt.worker)
		if got.standing != tt.standing || got.reason != tt.reason || !strings.Contains(got.detail, tt.detail) {
			t.Errorf("%s: standing %d %s %q, want %d %s %q", tt.name, got.standing, got.reason, got.detail, tt.standing, tt.reason, tt.detail)
		}
	}
}
