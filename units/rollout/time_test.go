package rollout

import (
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// toPhase plays until the rollout is in a phase.
func (w *world) toPhase(phase Phase) {
	for range 200 {
		if decision := w.decide(); decision.Phase == phase {
			return
		} else if decision.Phase.Over() {
			w.t.Fatalf("over before it was %s: %s", phase, w)
		} else {
			w.happen(decision.Wake)
		}
	}
	w.t.Fatalf("it is never %s: %s", phase, w)
}

// The progress deadline counts from the last worker that became available, and
// from the last batch, and not from the start.
func TestNext_TheDeadlineIsForTheNextWorker(t *testing.T) {
	w := story{workers: 3, restart: true}.world(t)
	limit := w.run.Policy.ProgressDeadlineSec
	for !w.run.Phase.Over() {
		decision := w.decide()
		if len(decision.Do) > 0 && !decision.Wake.Equal(w.now.Add(limit)) {
			t.Fatalf("after a batch it looks again at %s, want at the deadline, %s", decision.Wake, w.now.Add(limit))
		}
		if len(w.pending) > 0 {
			w.pass(limit - time.Second)
		}
		w.happen(decision.Wake)
	}
	if w.run.Phase != Complete {
		t.Errorf("each worker took a second less than the deadline, and it ends as %s", w)
	}
}

func TestNext_TheDeadlineEndsAWorkerThatNeverAnswers(t *testing.T) {
	w := story{workers: 3, restart: true}.world(t)
	w.decide()
	w.pass(w.run.Policy.ProgressDeadlineSec)
	if d := w.decide(); d.Phase != Failing || d.Reason != ProgressDeadlineExceeded || d.Worker != "1" {
		t.Errorf("Next says %+v", d)
	}
}

// The way back has a deadline of its own.
func TestNext_TheWayBackBeginsWithAWholeDeadline(t *testing.T) {
	w := story{workers: 3, fails: []string{"2"}}.world(t)
	decision := w.decide()
	for batchText(decision.Do) != "2>new" {
		w.happen(decision.Wake)
		decision = w.decide()
	}
	w.pass(time.Minute)
	w.toPhase(RollingBack)
	if got, want := w.run.Progressed, w.now; !got.Equal(want) {
		t.Errorf("the deadline counts from %s, want %s", got, want)
	}
}

// A hold goes on over the death of the engine, and over a pause.
func TestNext_AHoldCountsFromItsBegin(t *testing.T) {
	for _, between := range []struct {
		name string
		do   func(*world)
	}{
		{"nothing", func(*world) {}},
		{"the death of the engine", func(w *world) { w.die(0) }},
		{"a pause", func(w *world) { w.request(Pause); w.decide(); w.request(Resume) }},
	} {
		w := story{workers: 3, policy: func(p *spec.Policy) { p.Canary, p.CanaryHoldSec = spec.Number(1), time.Hour }}.world(t)
		w.toPhase(Held)
		end := w.now.Add(time.Hour)
		w.pass(20 * time.Minute)
		between.do(w)
		if d := w.decide(); d.Phase != Held || !d.Wake.Equal(end) {
			t.Errorf("%s: it is %s until %s, want Held until %s", between.name, d.Phase, d.Wake, end)
		}
		w.pass(40 * time.Minute)
		if d := w.decide(); d.Phase != Progressing || batchText(d.Do) != "2>new" {
			t.Errorf("%s: after the hold it is %s with %q", between.name, d.Phase, batchText(d.Do))
		}
	}
}

// A rollout that fails goes on failing in other hands, although what was wrong
// has mended itself.
func TestNext_FailingOutlivesTheEngine(t *testing.T) {
	w := story{workers: 3, policy: func(p *spec.Policy) { p.AutoRollback, p.MaxSurge = false, spec.Number(1) }}.world(t)
	for Updated(w.run) == 0 {
		w.happen(w.decide().Wake)
	}
	w.worker("1").ActiveState = units.FailedState
	w.toPhase(Failing)
	w.die(0)
	w.worker("1").ActiveState = units.Active
	if d := w.decide(); d.Phase != Failing || d.Worker != "1" {
		t.Errorf("Next says %+v", d)
	}
}

// A request that changes nothing is not written down.
func TestRun_Takes(t *testing.T) {
	tests := []struct {
		name                 string
		run                  Run
		pause, resume, abort bool
	}{
		{"progressing", Run{Phase: Progressing}, true, false, true},
		{"paused", Run{Phase: Progressing, Paused: true}, false, true, true},
		{"held", Run{Phase: Held}, true, true, true},
		{"aborted", Run{Phase: Progressing, Aborted: true}, true, false, false},
		{"rolling back", Run{Phase: RollingBack, Failure: Cause{Reason: JobFailed}}, false, false, false},
	}
	for _, tt := range tests {
		for request, want := range map[RequestVerb]bool{Pause: tt.pause, Resume: tt.resume, Abort: tt.abort, "dance": false} {
			if got := tt.run.takes(request); got != want {
				t.Errorf("%s: takes %s: %v, want %v", tt.name, request, got, want)
			}
		}
	}
}
