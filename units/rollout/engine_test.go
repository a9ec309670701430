package rollout

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is an engine on fakes, in a bubble whose clock costs no time.
type rig struct {
	systemd *fakeSystemd
	links   *links
	journal *memory
	engine  *Engine
	policy  spec.Policy
}

func newRig(workers int) *rig {
	r := &rig{systemd: newFakeSystemd(workers), links: &links{releases: make(map[string]string)}, journal: &memory{}, policy: spec.DefaultPolicy()}
	r.policy.Health = spec.Health{Kind: spec.HealthNone}
	r.engine = &Engine{Systemd: r.systemd, Releases: r.links, Health: healthy, Queues: neverFull{}, Journal: r.journal, Report: func(Entry, Run, Seen) {}}
	return r
}

func (r *rig) roll(t *testing.T, ctx context.Context) Run {
	t.Helper()
	return r.rollTo(t, ctx, "")
}

// start is the input of a rollout to a release, or of one that only restarts.
func (r *rig) start(release string) Start {
	start := Start{Cluster: "web", Revision: 1, Policy: r.policy, Release: release, Previous: goodRelease}
	for _, w := range r.systemd.cluster.Workers {
		start.Workers = append(start.Workers, w.Instance)
		if release != "" {
			r.links.releases[w.Instance] = goodRelease
		}
	}
	n := len(start.Workers)
	for i := range r.policy.Surge(n) {
		start.Surge = append(start.Surge, strconv.Itoa(n+i+1))
	}
	return start
}

// lastReason is the reason of the last decision.
func (r *rig) lastReason() Reason { return r.journal.entries[len(r.journal.entries)-1].Reason }

// rollTo moves every worker to a release, or only restarts it.
func (r *rig) rollTo(t *testing.T, ctx context.Context, release string) Run {
	t.Helper()
	run, err := r.engine.Begin(r.start(release))
	if err != nil {
		t.Fatal(err)
	}
	run, err = r.engine.Roll(ctx, run)
	if err != nil {
		t.Fatal(err)
	}
	r.systemd.jobs.Wait() // systemd ends the jobs that it has
	return run
}

func requireEnd(t *testing.T, run Run, phase Phase, reason Reason) {
	t.Helper()
	if run.Phase != phase || run.Reason != reason {
		t.Fatalf("ended as %s (%s): %s, want %s (%s)", run.Phase, run.Reason, run.Message, phase, reason)
	}
}

func TestEngine_RollsAllOneByOneWithoutAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(4)
		r.systemd.script = restartsIn(200 * time.Millisecond)
		begin := time.Now()
		run := r.roll(t, t.Context())
		requireEnd(t, run, Complete, "")
		want := []string{"web@1.service", "web@2.service", "web@3.service", "web@4.service"}
		if !slices.Equal(r.systemd.asked, want) {
			t.Errorf("restarted %q, want %q", r.systemd.asked, want)
		}
		if took := time.Since(begin); took != 800*time.Millisecond {
			t.Errorf("took %s, the jobs alone take 800ms: the engine waits for nothing else", took)
		}
	})
}

func TestEngine_BakesEachBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(2)
		r.policy.MinReadySec = 10 * time.Second
		r.systemd.script = restartsIn(time.Second)
		begin := time.Now()
		requireEnd(t, r.roll(t, t.Context()), Complete, "")
		if took := time.Since(begin); took != 22*time.Second {
			t.Errorf("took %s, want 22s: two batches of 1s and 10s of baking", took)
		}
	})
}

func TestEngine_StopsAtTheFirstWorkerThatFails(t *testing.T) {
	tests := []struct {
		name   string
		reason Reason
		script func(*fakeSystemd, string) (units.JobResult, error)
		health healthScript
	}{
		{"job fails", JobFailed, func(f *fakeSystemd, instance string) (units.JobResult, error) {
			f.becomes(instance, func(w *units.Worker) { w.ActiveState, w.Result = units.Activating, "exit-code" })
			return units.JobFailed, nil
		}, nil},
		{"job canceled by somebody's systemctl stop", JobFailed, func(f *fakeSystemd, instance string) (units.JobResult, error) {
			f.becomes(instance, func(w *units.Worker) { w.ActiveState = units.Inactive })
			return units.JobCanceled, nil
		}, nil},
		{"job refused", JobFailed, func(*fakeSystemd, string) (units.JobResult, error) {
			return "", &units.JobError{Verb: "restart", Unit: "web@1.service", Message: "Unit is masked."}
		}, nil},
		{"done without doing anything", NothingDone, func(*fakeSystemd, string) (units.JobResult, error) {
			return units.JobDone, nil
		}, nil},
		{"gone right after READY=1", WorkerDown, func(f *fakeSystemd, instance string) (units.JobResult, error) {
			f.startsAnew(instance)
			f.becomes(instance, func(w *units.Worker) { w.ActiveState = units.Inactive })
			return units.JobDone, nil
		}, nil},
		{"crashed and restarted by systemd", RestartedWhileBaking, func(f *fakeSystemd, instance string) (units.JobResult, error) {
			f.startsAnew(instance)
			f.becomes(instance, func(w *units.Worker) { w.NRestarts = 1 })
			return units.JobDone, nil
		}, nil},
		{"never answers its job", ProgressDeadlineExceeded, func(f *fakeSystemd, instance string) (units.JobResult, error) {
			time.Sleep(time.Hour)
			return units.JobDone, nil
		}, nil},
		{"answers 500", Unhealthy, restartsIn(time.Second), func(units.Worker) error { return errors.New("500 Internal Server Error") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(4)
				r.systemd.script = tt.script
				if tt.health != nil {
					r.policy.Health = spec.Health{Kind: spec.HealthHTTP, Interval: time.Second, Timeout: time.Second, Threshold: 3}
					r.engine.Health = tt.health
				}
				run := r.roll(t, t.Context())
				requireEnd(t, run, Failed, tt.reason)
				if run.Worker != "1" || len(r.systemd.asked) != 1 {
					t.Errorf("blamed worker %q after %q, want worker 1 and no other touched", run.Worker, r.systemd.asked)
				}
				if !strings.Contains(Describe(run), `worker "web@1.service"`) {
					t.Errorf("the sentence names no worker: %s", Describe(run))
				}
			})
		})
	}
}

func TestEngine_AHealthCheckThatFailsOnceIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(2)
		r.systemd.script = restartsIn(time.Second)
		r.policy.Health = spec.Health{Kind: spec.HealthHTTP, Interval: time.Second, Timeout: time.Second, Threshold: 3}
		asked := make(map[string]int)
		r.engine.Health = healthScript(func(w units.Worker) error {
			asked[w.InvocationID]++
			if asked[w.InvocationID] < 3 {
				return errors.New("not yet")
			}
			return nil
		})
		requireEnd(t, r.roll(t, t.Context()), Complete, "")
	})
}

func TestEngine_ContextEndsNothingNewIsBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(4)
		r.systemd.script = restartsIn(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		requireEnd(t, r.roll(t, ctx), Interrupted, "")
		if len(r.systemd.asked) != 2 {
			t.Errorf("restarted %q, want the two that were begun in 1.5s", r.systemd.asked)
		}
	})
}
