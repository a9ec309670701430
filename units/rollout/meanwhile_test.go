package rollout

import (
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// What somebody does to the cluster while it is rolled, when so many workers are
// updated.
func TestNext_Meanwhile(t *testing.T) {
	takeAway := func(instances ...string) func(*world) {
		return func(w *world) {
			w.seen.Workers = slices.DeleteFunc(w.seen.Workers, func(u units.Worker) bool { return slices.Contains(instances, u.Instance) })
		}
	}
	listener := func(state units.ActiveState) func(*world) {
		return func(w *world) { w.seen.Sockets[0].ActiveState = state }
	}
	surge := func(p *spec.Policy) { p.MaxSurge, p.MaxUnavailable = spec.Number(1), spec.Number(0) }
	tests := []struct {
		story
		then func(*world)
	}{
		{story{name: "a worker is taken away before its turn", workers: 3,
			want: []string{"1>new", "2>new", "Complete"}}, takeAway("3")},
		{story{name: "a worker is taken away after its turn", workers: 3,
			want: []string{"1>new", "2>new", "3>new", "Complete"}}, takeAway("1")},
		{story{name: "the floor is that of the workers that are left", workers: 4, fails: []string{"2"},
			want: []string{"1>new", "2>new", "RollingBack", "2>good", "1>good", "RolledBack"}}, takeAway("3", "4")},
		{story{name: "the cluster is made larger by the worker that stands in", workers: 2, policy: surge,
			want: []string{"3>new", "1>new", "2>new", "Complete"}}, func(w *world) { w.worker("3").Enabled = true }},
		{story{name: "who has become a member goes back with the others", workers: 3, fails: []string{"3"},
			policy: func(p *spec.Policy) { p.MaxSurge = spec.Number(1) },
			want:   []string{"4>new", "1>new 2>new", "3>new", "RollingBack", "3>good", "4>good", "1>good", "2>good", "RolledBack"}},
			func(w *world) { w.worker("4").Enabled = true }},
		{story{name: "the worker that stands in crashes, and is started on the old release", workers: 3, policy: surge,
			want: []string{"4>new", "1>new", "2>new", "RollingBack", "4>good", "1>good", "2>good", "stop 4", "RolledBack"}},
			func(w *world) { w.worker("4").ActiveState = units.FailedState }},
		{story{name: "the listener fails, and stays so", workers: 3,
			want: []string{"1>new", "2>new", "RollingBack", "Failing", "Failed"}}, listener(units.FailedState)},
		{story{name: "the listener fails under a restart", workers: 3, restart: true,
			want: []string{"1", "2", "Failing", "Failed"}}, listener(units.FailedState)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.story.meanwhile = tt.then
			if got := tt.tell(t); !slices.Equal(got, tt.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
		})
	}
}

// A listener that fails while a rollback needs it is waited for: somebody may
// mend it.
func TestNext_AListenerThatIsMendedLetsTheRollbackGoOn(t *testing.T) {
	w := story{workers: 3, fails: []string{"2"}}.world(t)
	for w.run.Phase != RollingBack {
		w.happen(w.decide().Wake)
	}
	w.seen.Sockets[0].ActiveState = units.FailedState
	if d := w.decide(); len(d.Do) > 0 || d.Phase != RollingBack {
		t.Fatalf("the listener is down, and Next says %+v", d)
	}
	w.seen.Sockets[0].ActiveState = units.Active
	for !w.run.Phase.Over() {
		w.happen(w.decide().Wake)
	}
	if w.run.Phase != RolledBack {
		t.Errorf("the listener was mended, and it ends as %s", w)
	}
}

// At the end of a rollback a worker that nobody moved is down: the one that
// stands in stays up for it, until it is back or the rollout has waited enough.
func TestNext_WhoStandsInStaysAsLongAsTheFloorNeedsIt(t *testing.T) {
	for _, tt := range []struct {
		comesBack bool
		want      []string
	}{
		{true, []string{"stop 4", "RolledBack"}},
		{false, []string{"Failing", "Failed"}},
	} {
		w := story{workers: 3, fails: []string{"2"}, policy: func(p *spec.Policy) {
			p.MaxSurge, p.MaxUnavailable = spec.Number(1), spec.Number(0)
		}}.world(t)
		for w.run.Back["1"].State != Done {
			w.happen(w.decide().Wake)
		}
		w.worker("3").ActiveState = units.FailedState
		if d := w.decide(); len(d.Do) > 0 || d.Phase != RollingBack || !slices.Equal(d.Available, []string{"1"}) {
			t.Fatalf("all are back and worker 3 is down, and Next says %s %q", d.Phase, batchText(d.Do))
		}
		if tt.comesBack {
			w.worker("3").ActiveState = units.Active
		} else {
			w.pass(w.run.Policy.ProgressDeadlineSec)
		}
		if got := w.tell(); !slices.Equal(got, tt.want) {
			t.Errorf("worker 3 comes back: %v, and then %q, want %q", tt.comesBack, got, tt.want)
		}
	}
}

// A worker that is not enabled is seen only while it is up: gone while it is
// moved means that it did not come up.
func TestNext_AWorkerThatVanishesWhileItIsMovedIsBroken(t *testing.T) {
	w := story{workers: 3}.world(t)
	w.decide()
	w.pending = nil
	w.record(Entry{Kind: KindJob, ID: 1, Instance: "1", Result: units.JobFailed})
	w.seen.Workers = slices.DeleteFunc(w.seen.Workers, func(u units.Worker) bool { return u.Instance == "1" })
	if d := w.decide(); d.Phase != RollingBack || d.Worker != "1" || d.Reason != JobFailed {
		t.Errorf("Next says %+v", d)
	}
}

// An engine that dies before it stops the worker that stands in leaves that to
// the next one.
func TestNext_AStopThatNeverBeganIsBegunAgain(t *testing.T) {
	w := story{workers: 2, policy: func(p *spec.Policy) { p.MaxSurge, p.MaxUnavailable = spec.Number(1), spec.Number(0) }}.world(t)
	decision := w.decide()
	for batchText(decision.Do) != "stop 3" {
		w.happen(decision.Wake)
		decision = w.decide()
	}
	w.pending = nil
	w.worker("3").ActiveState = units.Active
	w.record(Entry{Kind: KindResume})
	if d := w.decide(); batchText(d.Do) != "stop 3" {
		t.Errorf("Next says %s %q, want stop 3", d.Phase, batchText(d.Do))
	}
}

// A worker that an engine has switched, and died before the job, goes back to
// what it had at the start, and not to what its link says by then.
func TestNext_WhatIsTriedAgainRemembersWhereItCameFrom(t *testing.T) {
	w := story{workers: 2, fails: []string{"1"}}.world(t)
	decision := w.decide()
	w.link(decision.Do[0])
	w.pending = nil
	w.worker("1").ActiveState = units.Active
	w.record(Entry{Kind: KindResume})
	w.run.Previous = "older"
	if d := w.decide(); len(d.Do) != 1 || d.Do[0].From != goodRelease {
		t.Fatalf("Next says %+v, want from %q", d.Do, goodRelease)
	}
	if got := w.tell(); !slices.Equal(got, []string{"RollingBack", "1>good", "RolledBack"}) {
		t.Errorf("and then %q", got)
	}
}

// A worker whose job was refused runs what it ran: the link is all that goes
// back. One that is down, or whose job is still there, is started anew.
func TestNext_AWorkerThatWasOnlySwitchedIsOnlySwitchedBack(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after func(*units.Worker)
		want  string
	}{
		{"it serves", func(*units.Worker) {}, "link 1>good"},
		{"it is down", func(u *units.Worker) { u.ActiveState = units.FailedState }, "1>good"},
		{"its job is there", func(u *units.Worker) { u.Job = 7 }, "1>good"},
		{"it was started", func(u *units.Worker) { u.InvocationID = "another" }, "1>good"},
	} {
		w := story{workers: 2}.world(t)
		decision := w.decide()
		w.link(decision.Do[0])
		w.pending = nil
		w.worker("1").ActiveState = units.Active
		tt.after(w.worker("1"))
		w.record(Entry{Kind: KindJob, ID: 1, Instance: "1", Error: "refused"})
		w.decide()
		if d := w.decide(); batchText(d.Do) != tt.want {
			t.Errorf("%s: goes back with %q, want %q", tt.name, batchText(d.Do), tt.want)
		}
	}
}

func TestNext_AReloadRestartsWhoIsDown(t *testing.T) {
	w := story{workers: 2, restart: true, down: []string{"2"}}.world(t)
	w.run.Verb = Reload
	if got, want := w.tell(), []string{"2", "reload 1", "Complete"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A worker that stands in for a restart has no release of its own.
func TestNext_WhoStandsInForARestartGetsThePreviousRelease(t *testing.T) {
	w := story{workers: 1, restart: true, policy: func(p *spec.Policy) { p.MaxSurge, p.MaxUnavailable = spec.Number(1), spec.Number(0) }}.world(t)
	if got, want := w.tell(), []string{"2>good", "1", "stop 2", "Complete"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A stopped cluster needs no listener to get a release.
func TestNext_ASwitchNeedsNoListener(t *testing.T) {
	w := story{workers: 2, down: []string{"1", "2"}, policy: func(p *spec.Policy) { p.MaxUnavailable = spec.Percent(100) }}.world(t)
	w.run.Verb = Switch
	w.seen.Sockets[0].ActiveState = units.Inactive
	if got, want := w.tell(), []string{"link 1>new link 2>new", "Complete"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What the units say counts: a journal may have lost that somebody stands in.
func TestNext_WhoStandsInWithoutAWordOfItIsStopped(t *testing.T) {
	w := story{workers: 1, policy: func(p *spec.Policy) { p.MaxSurge = spec.Number(1) }}.world(t)
	lost := units.Worker{Instance: "2", InvocationID: w.invocation()}
	lost.ActiveState = units.Active
	w.seen.Workers = append(w.seen.Workers, lost)
	w.request(Abort)
	if got, want := w.tell(), []string{"RollingBack", "stop 2", "RolledBack"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
