package rollout

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

func requireReleases(t *testing.T, r *rig, want string) {
	t.Helper()
	for _, w := range r.systemd.cluster.Workers {
		if release := r.links.releases[w.Instance]; release != want {
			t.Errorf("worker %s is on the release %q, want %q", w.Instance, release, want)
		}
		if w.ActiveState != units.Active {
			t.Errorf("worker %s is %s", w.Instance, w.ActiveState)
		}
	}
}

func TestEngine_SwitchesEachWorkerWhenItsTurnComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(3)
		r.systemd.script = restartsIn(time.Second)
		requireEnd(t, r.rollTo(t, t.Context(), newRelease), Complete, "")
		requireReleases(t, r, newRelease)
		if want := []string{"1 new", "2 new", "3 new"}; !slices.Equal(r.links.switched, want) {
			t.Errorf("switched %q, want %q", r.links.switched, want)
		}
	})
}

func TestEngine_ABadReleaseIsTakenBack(t *testing.T) {
	tests := []struct {
		name   string
		reason Reason
		bad    func(*fakeSystemd, string) (units.JobResult, error)
		health func(*rig, units.Worker) error
	}{
		{"exits at start", JobFailed, exitsAtStart, nil},
		{"never becomes ready", ProgressDeadlineExceeded, func(f *fakeSystemd, instance string) (units.JobResult, error) {
			f.becomes(instance, func(w *units.Worker) { w.ActiveState = units.Activating })
			time.Sleep(time.Hour)
			return units.JobTimeout, nil
		}, nil},
		{"answers 500 to its health check", Unhealthy, restartsIn(time.Second), func(r *rig, w units.Worker) error {
			if release, _ := r.links.Current(w.Instance); release == newRelease {
				return errors.New("500 Internal Server Error")
			}
			return nil
		}},
		{"crashes one second after READY=1", RestartedWhileBaking, func(f *fakeSystemd, instance string) (units.JobResult, error) {
			f.startsAnew(instance)
			go func() {
				time.Sleep(time.Second)
				f.becomes(instance, func(w *units.Worker) {
					w.ActiveState, w.SubState, w.Result = units.Activating, "auto-restart", "signal"
				})
			}()
			return units.JobDone, nil
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(4)
				r.policy.MinReadySec = 2 * time.Second
				r.systemd.script = r.unlessRelease(newRelease, tt.bad)
				if tt.health != nil {
					r.policy.Health = spec.Health{Kind: spec.HealthHTTP, Interval: time.Second, Timeout: time.Second, Threshold: 3}
					r.engine.Health = healthScript(func(w units.Worker) error { return tt.health(r, w) })
				}
				run := r.rollTo(t, t.Context(), newRelease)
				requireEnd(t, run, RolledBack, run.Reason)
				if run.Failure.Reason != tt.reason || run.Failure.Worker != "1" {
					t.Errorf("taken back for %s of worker %q, want %s of worker 1", run.Failure.Reason, run.Failure.Worker, tt.reason)
				}
				requireReleases(t, r, goodRelease)
				if want := []string{"web@1.service", "web@1.service"}; !slices.Equal(r.systemd.asked, want) {
					t.Errorf("restarted %q, want %q: no other held the release", r.systemd.asked, want)
				}
			})
		})
	}
}

// A switch that is late must not undo the one of the rollback.
func TestEngine_WhatIsReplacedIsGivenUpFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(2)
		r.systemd.script = restartsIn(time.Second)
		r.policy.ProgressDeadlineSec = time.Minute
		r.links.late = map[string]time.Duration{newRelease: 90 * time.Second}
		run := r.rollTo(t, t.Context(), newRelease)
		if run.Failure.Reason != ProgressDeadlineExceeded {
			t.Fatalf("the switch took 90s, and the rollout says %s", Describe(run))
		}
		time.Sleep(time.Hour)
		requireReleases(t, r, goodRelease)
	})
}

func TestEngine_ALinkThatCannotBeSwitchedStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(2)
		r.systemd.script = restartsIn(time.Second)
		r.policy.AutoRollback = false
		r.links.fails = "*"
		requireEnd(t, r.rollTo(t, t.Context(), newRelease), Failed, JobFailed)
		if len(r.systemd.asked) != 0 {
			t.Errorf("restarted %q, although the link was not switched", r.systemd.asked)
		}
	})
}

// A worker that could not be switched serves what it served: the others go back
// beside it, and it is not touched.
func TestEngine_ALinkThatCannotBeSwitchedTakesTheOthersBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(3)
		r.systemd.script = restartsIn(time.Second)
		r.links.fails = "2 " + newRelease
		run := r.rollTo(t, t.Context(), newRelease)
		requireEnd(t, run, RolledBack, JobFailed)
		requireReleases(t, r, goodRelease)
		if want := []string{"web@1.service", "web@1.service"}; !slices.Equal(r.systemd.asked, want) {
			t.Errorf("restarted %q, want %q", r.systemd.asked, want)
		}
	})
}

func TestEngine_SurgeIsStartedFirstAndStoppedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(3)
		r.systemd.script = restartsIn(time.Second)
		r.policy.MaxSurge, r.policy.MaxUnavailable = spec.Number(1), spec.Number(0)
		requireEnd(t, r.rollTo(t, t.Context(), newRelease), Complete, "")
		want := []string{"web@4.service", "web@1.service", "web@2.service", "web@3.service"}
		if !slices.Equal(r.systemd.asked, want) {
			t.Errorf("restarted %q, want %q", r.systemd.asked, want)
		}
		if want := []string{"web@4.service"}; !slices.Equal(r.systemd.stopped, want) {
			t.Errorf("stopped %q, want %q", r.systemd.stopped, want)
		}
		if _, kept := r.links.releases["4"]; kept {
			t.Error("the link of the worker beyond the usual number is still there")
		}
	})
}

func TestEngine_ReloadKeepsTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(3)
		r.systemd.reload = func(*fakeSystemd, string) (units.JobResult, error) {
			time.Sleep(time.Second)
			return units.JobDone, nil
		}
		run, err := r.engine.Begin(Start{Cluster: "web", Revision: 1, Verb: Reload, Policy: r.policy, Workers: []string{"1", "2", "3"}})
		if err != nil {
			t.Fatal(err)
		}
		if run, err = r.engine.Roll(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		requireEnd(t, run, Complete, "")
		if want := []string{"web@1.service", "web@2.service", "web@3.service"}; !slices.Equal(r.systemd.asked, want) {
			t.Errorf("reloaded %q, want %q", r.systemd.asked, want)
		}
	})
}

// ask sends a request when a number of workers is updated.
func (r *rig) ask(when func(Run) bool, verbs ...RequestVerb) {
	requests := make(chan Entry, len(verbs))
	r.engine.Requests = requests
	r.engine.Report = func(_ Entry, run Run, _ Seen) {
		if len(verbs) > 0 && when(run) {
			requests <- Entry{Request: verbs[0]}
			verbs = verbs[1:]
		}
	}
}

func afterOne(run Run) bool { return Updated(run) >= 1 }

func TestEngine_PauseBeginsNothingNewUntilResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(3)
		r.systemd.script = restartsIn(time.Second)
		requests := make(chan Entry, 1)
		r.engine.Requests = requests
		heldAt := 0
		r.engine.Report = func(entry Entry, run Run, _ Seen) {
			switch {
			case entry.Kind == KindDecision && run.Phase == Progressing && Updated(run) == 1 && !run.Paused && heldAt == 0:
				requests <- Entry{Request: Pause}
			case run.Phase == Held && heldAt == 0:
				heldAt = Updated(run)
				go func() {
					time.Sleep(time.Hour) // longer than the progress deadline, which must not count
					requests <- Entry{Request: Resume}
				}()
			}
		}
		begin := time.Now()
		requireEnd(t, r.roll(t, t.Context()), Complete, "")
		if heldAt != 2 {
			t.Errorf("held with %d updated, want 2: the one that was under way is ended", heldAt)
		}
		if took := time.Since(begin); took != time.Hour+3*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestEngine_AbortGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(4)
		r.systemd.script = restartsIn(time.Second)
		r.ask(afterOne, Abort)
		run := r.rollTo(t, t.Context(), newRelease)
		requireEnd(t, run, RolledBack, run.Reason)
		if run.Failure.Reason != Aborted {
			t.Errorf("taken back for %+v", run.Failure)
		}
		requireReleases(t, r, goodRelease)
	})
}

func TestEngine_AbortOfARestartStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(4)
		r.systemd.script = restartsIn(time.Second)
		r.ask(afterOne, Abort)
		run := r.roll(t, t.Context())
		requireEnd(t, run, Failed, Aborted)
		for instance, step := range run.Steps {
			if step.State == Queued {
				t.Errorf("over, and nobody knows what became of worker %s", instance)
			}
		}
	})
}

func TestEngine_TheCanaryIsHeld(t *testing.T) {
	for _, tt := range []struct {
		hold time.Duration
		took time.Duration
	}{
		{10 * time.Minute, 10*time.Minute + 4*time.Second},
		{spec.Infinity, time.Hour + 4*time.Second},
	} {
		t.Run(fmt.Sprint(tt.hold), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(4)
				r.systemd.script = restartsIn(time.Second)
				r.policy.Canary, r.policy.CanaryHoldSec = spec.Number(1), tt.hold
				requests := make(chan Entry, 1)
				r.engine.Requests = requests
				somebody := time.AfterFunc(time.Hour+time.Second, func() { requests <- Entry{Request: Resume} })
				defer somebody.Stop()
				begin := time.Now()
				requireEnd(t, r.rollTo(t, t.Context(), newRelease), Complete, "")
				if took := time.Since(begin); took != tt.took {
					t.Errorf("took %s, want %s", took, tt.took)
				}
			})
		})
	}
}

// A canary that turns unhealthy while it is looked at is taken back, although
// it had met every gate.
func TestEngine_ACanaryThatTurnsUnhealthyIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(4)
		r.systemd.script = restartsIn(time.Second)
		r.policy.Canary, r.policy.CanaryHoldSec = spec.Number(1), spec.Infinity
		r.policy.Health = spec.Health{Kind: spec.HealthHTTP, Interval: time.Second, Timeout: time.Second, Threshold: 3}
		begin := time.Now()
		r.engine.Health = healthScript(func(w units.Worker) error {
			if release, _ := r.links.Current(w.Instance); release == newRelease && time.Since(begin) > time.Minute {
				return errors.New("out of memory")
			}
			return nil
		})
		run := r.rollTo(t, t.Context(), newRelease)
		requireEnd(t, run, RolledBack, run.Reason)
		if run.Failure.Reason != Unhealthy {
			t.Errorf("taken back for %+v", run.Failure)
		}
		requireReleases(t, r, goodRelease)
	})
}
