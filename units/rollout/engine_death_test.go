package rollout

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// rollouts are told apart by what they go through.
var rollouts = []struct {
	name    string
	release string
	bad     []string // the workers whose start on the new release fails
	policy  func(*spec.Policy)
	end     Phase
}{
	{"restart", "", nil, func(*spec.Policy) {}, Complete},
	{"release", newRelease, nil, func(p *spec.Policy) { p.MinReadySec = 2 * time.Second }, Complete},
	{"surge", newRelease, nil, func(p *spec.Policy) { p.MaxSurge, p.MaxUnavailable = spec.Number(1), spec.Number(0) }, Complete},
	{"bad release", newRelease, []string{"1", "2", "3"}, func(*spec.Policy) {}, RolledBack},
	{"bad in the middle", newRelease, []string{"2"}, func(p *spec.Policy) { p.MaxSurge, p.MaxUnavailable = spec.Number(1), spec.Number(0) }, RolledBack},
	{"bad without a way back", newRelease, []string{"2"}, func(p *spec.Policy) { p.MaxSurge, p.AutoRollback = spec.Number(1), false }, Failed},
	{"canary", newRelease, nil, func(p *spec.Policy) { p.Canary, p.CanaryHoldSec = spec.Number(1), time.Minute }, Complete},
}

// each runs a test on every kind of rollout, in a bubble of its own.
func eachRollout(t *testing.T, test func(t *testing.T, newRig func() *rig, release string, end Phase)) {
	for _, tt := range rollouts {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test(t, func() *rig {
					r := newRig(3)
					tt.policy(&r.policy)
					r.systemd.script = r.unlessRelease(newRelease, failsFor(tt.bad))
					return r
				}, tt.release, tt.end)
			})
		})
	}
}

// die rolls until the journal takes no more entries, which is how an engine
// ends that is killed there. systemd goes on with its jobs.
func (r *rig) die(t *testing.T, release string, entries int) {
	t.Helper()
	r.journal.failAt = entries + 1
	run, err := r.engine.Begin(r.start(release))
	if err == nil {
		_, err = r.engine.Roll(t.Context(), run)
	}
	if err == nil {
		t.Fatalf("the engine should have died at entry %d", entries)
	}
	r.systemd.jobs.Wait()
	r.journal.failAt = 0
}

// goOn lets another engine take over.
func (r *rig) goOn(t *testing.T) Run {
	t.Helper()
	run, err := r.engine.Resume(r.journal.entries)
	if err == nil {
		run, err = r.engine.Roll(t.Context(), run)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.systemd.jobs.Wait()
	return run
}

// requireSound holds the end against the links and the workers.
func (r *rig) requireSound(t *testing.T, run Run, release string) {
	t.Helper()
	want := map[Phase]string{Complete: release, RolledBack: goodRelease}[run.Phase]
	for _, instance := range run.Workers {
		got := r.links.releases[instance]
		if got != want && run.Phase != Failed || got != goodRelease && got != release {
			t.Errorf("%s, and worker %s is on the release %q", run.Phase, instance, got)
		}
	}
	for _, w := range r.systemd.cluster.Workers {
		if strings.Compare(w.Instance, "3") > 0 && run.Phase != Failed {
			t.Errorf("%s, and worker %s beyond the usual number is %s", run.Phase, w.Instance, w.ActiveState)
		}
	}
}

func TestEngine_AnotherEngineEndsWhatOneBegan(t *testing.T) {
	eachRollout(t, func(t *testing.T, newRig func() *rig, release string, end Phase) {
		whole := newRig()
		requireEnd(t, whole.rollTo(t, t.Context(), release), end, whole.lastReason())
		for entries := 1; entries < len(whole.journal.entries); entries++ {
			r := newRig()
			r.die(t, release, entries)
			run := r.goOn(t)
			if run.Phase != end {
				t.Fatalf("dead after entry %d, it ends as %s, want %s: %s", entries, run.Phase, end, Describe(run))
			}
			r.requireSound(t, run, release)
		}
	})
}

// After a power cut the journal may be older than the units.
func TestEngine_AJournalThatIsOlderThanTheUnits(t *testing.T) {
	eachRollout(t, func(t *testing.T, newRig func() *rig, release string, end Phase) {
		for entries := 1; ; entries++ {
			r := newRig()
			r.rollTo(t, t.Context(), release)
			if entries == len(r.journal.entries) {
				return
			}
			r.journal.entries = r.journal.entries[:entries]
			run := r.goOn(t)
			if !run.Phase.Over() {
				t.Fatalf("cut after entry %d, it ends as %s", entries, run.Phase)
			}
			r.requireSound(t, run, release)
		}
	})
}

// What can't be written down is not done.
func TestEngine_ADiskThatIsFullActsOnNothingThatIsNotRecorded(t *testing.T) {
	eachRollout(t, func(t *testing.T, newRig func() *rig, release string, _ Phase) {
		whole := newRig()
		whole.rollTo(t, t.Context(), release)
		for entries := 1; entries < len(whole.journal.entries); entries++ {
			r := newRig()
			r.die(t, release, entries)
			recorded := make(map[string]int)
			for _, entry := range r.journal.entries {
				for _, action := range entry.Do {
					recorded[fmt.Sprintf("%s %s", action.Instance, action.Release)]++
				}
			}
			for _, switched := range r.links.switched {
				if recorded[switched]--; recorded[switched] < 0 && release != "" {
					t.Errorf("full after entry %d: the switch %q is nowhere recorded", entries, switched)
				}
			}
			if done, written := len(r.systemd.asked)+len(r.systemd.stopped), actionsIn(r.journal.entries); done > written {
				t.Errorf("full after entry %d: %d jobs, %d recorded", entries, done, written)
			}
		}
	})
}

func actionsIn(entries []Entry) int {
	actions := 0
	for _, entry := range entries {
		actions += len(entry.Do)
	}
	return actions
}
