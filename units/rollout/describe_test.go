package rollout

import (
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// The sentences are part of the interface: people read them, and scripts look
// for them.
func TestDescribe(t *testing.T) {
	started := time.Date(2026, 5, 4, 12, 0, 0, 0, time.Local)
	base := func(change func(*Run)) Run {
		run := Run{
			Start:   Start{Cluster: "web", Revision: 7, Release: "v2", Policy: spec.DefaultPolicy(), Workers: []string{"1", "2", "3"}, Surge: []string{"4"}},
			Started: started,
			Ended:   started.Add(2500 * time.Millisecond),
			Phase:   Progressing,
			Steps:   map[string]Step{"1": {State: Available, Action: Action{ID: 1, Verb: Restart}}, "2": {State: Queued, Action: Action{ID: 2, Verb: Restart}}},
			Back:    make(map[string]Step),
		}
		change(&run)
		return run
	}
	failure := Cause{Reason: JobFailed, Worker: "2", Message: "the restart job ended with the result \"failed\""}
	tests := []struct {
		name string
		run  Run
		want string
	}{
		{"progressing", base(func(*Run) {}), `Waiting for rollout of "web" to finish: 1 of 3 workers updated, web@2.service under way...`},
		{"many under way", base(func(r *Run) {
			for _, instance := range []string{"1", "2", "3", "4"} {
				r.Steps[instance] = Step{State: Done, Action: Action{Verb: Restart}}
			}
		}), `Waiting for rollout of "web" to finish: 0 of 3 workers updated, web@4.service, web@1.service, web@2.service and 1 more under way...`},
		{"held for a time", base(func(r *Run) {
			r.Phase, r.Reason, r.HeldSince, r.Policy.CanaryHoldSec = Held, CanaryHold, started, 90*time.Second
		}), `rollout of "web" to revision 7 (release "v2") is held: 1 of 3 workers updated, the canary is looked at until 12:01:30`},
		{"held for somebody", base(func(r *Run) {
			r.Phase, r.Reason, r.HeldSince, r.Policy.CanaryHoldSec = Held, CanaryHold, started, spec.Infinity
		}), `rollout of "web" to revision 7 (release "v2") is held: 1 of 3 workers updated, the canary is looked at until "clusterctl rollout resume"`},
		{"paused", base(func(r *Run) { r.Phase, r.Reason = Held, Paused }), `rollout of "web" to revision 7 (release "v2") is held: 1 of 3 workers updated, paused`},
		{"rolling back", base(func(r *Run) {
			r.Phase, r.Failure, r.Cause = RollingBack, failure, failure
			r.Back["2"] = Step{State: Queued, Action: Action{ID: 3, Verb: Restart}}
		}), `Waiting for rollout of "web" to go back: worker "web@2.service": the restart job ended with the result "failed", web@2.service under way...`},
		{"rolled back", base(func(r *Run) {
			r.Phase, r.Failure, r.Cause = RolledBack, failure, failure
			r.Back["2"] = Step{State: Available, Action: Action{ID: 3, Verb: Restart}}
			r.Back["4"] = Step{State: Done, Action: Action{ID: 4, Verb: Stop}}
		}), `rollout of "web" to revision 7 (release "v2") was rolled back: worker "web@2.service": the restart job ended with the result "failed" (1 worker went back, in 2.50 s)`},
		{"failing", base(func(r *Run) {
			r.Phase, r.Cause = Failing, failure
			r.Steps["2"] = Step{State: Available, Action: Action{Verb: Restart}}
			r.Steps["4"] = Step{State: Queued, Action: Action{Verb: Stop}}
		}), `rollout of "web" to revision 7 (release "v2") is failing: worker "web@2.service": the restart job ended with the result "failed" (2 of 3 workers updated, web@4.service under way)`},
		{"failed", base(func(r *Run) { r.Phase, r.Cause, r.Release = Failed, failure, "" }),
			`rollout of "web" to revision 7 failed: worker "web@2.service": the restart job ended with the result "failed" (1 of 3 workers updated)`},
		{"failed with surge left", base(func(r *Run) {
			r.Phase, r.Cause = Failed, failure
			r.Steps["4"] = Step{State: Available, Action: Action{Verb: Restart}}
		}), `rollout of "web" to revision 7 (release "v2") failed: worker "web@2.service": the restart job ended with the result "failed" (1 of 3 workers updated, web@4.service left running to stand in)`},
		{"failed to go back", base(func(r *Run) {
			r.Phase, r.Failure = Failed, failure
			r.Cause = Cause{Reason: WorkerDown, Worker: "1", Message: "it is failed"}
		}), `rollout of "web" to revision 7 (release "v2") failed: worker "web@2.service": the restart job ended with the result "failed"; and then it could not be taken back: worker "web@1.service": it is failed (1 of 3 workers updated)`},
		{"interrupted", base(func(r *Run) { r.Phase = Interrupted }), `rollout of "web" to revision 7 (release "v2") was interrupted: 1 of 3 workers updated`},
		{"complete", base(func(r *Run) { r.Phase = Complete }), `cluster "web" successfully rolled out: revision 7 (release "v2"), 3 workers in 2.50 s`},
	}
	told := make(map[Phase]bool)
	for _, tt := range tests {
		told[tt.run.Phase] = true
		if got := Describe(tt.run); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	for _, phase := range []Phase{Progressing, Held, RollingBack, Failing, Complete, RolledBack, Failed, Interrupted} {
		if !told[phase] {
			t.Errorf("no sentence of the phase %s is tried", phase)
		}
	}
}

// Between a request and the engine's next decision the rollout is still held, and
// waits for nobody any more.
func TestWaitsForSomebody(t *testing.T) {
	infinite := spec.Policy{CanaryHoldSec: spec.Infinity}
	for name, tt := range map[string]struct {
		run  Run
		want bool
	}{
		"paused":              {Run{Phase: Held, Cause: Cause{Reason: Paused}, Paused: true}, true},
		"asked to go on":      {Run{Phase: Held, Cause: Cause{Reason: Paused}}, false},
		"canary":              {Run{Phase: Held, Cause: Cause{Reason: CanaryHold}, Start: Start{Policy: infinite}}, true},
		"canary let go":       {Run{Phase: Held, Cause: Cause{Reason: CanaryHold}, Start: Start{Policy: infinite}, CanaryPassed: true}, false},
		"canary for a while":  {Run{Phase: Held, Cause: Cause{Reason: CanaryHold}}, false},
		"a rollout under way": {Run{Phase: Progressing, Start: Start{Policy: infinite}}, false},
	} {
		if got := tt.run.WaitsForSomebody(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
