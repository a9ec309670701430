package rollout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// story is a rollout told in full: what it is, who is down before, whose start
// on the target fails, and then the batches up to the end. "1>new" restarts
// worker 1 on a release, "1" restarts it on its own, "link 1>good" only switches.
type story struct {
	name    string
	workers int
	policy  func(*spec.Policy)
	restart bool // no release: each keeps its own
	first   bool // nobody has a release yet
	down    []string
	fails   []string
	stays   []string // whose start on the way back fails
	abort   int      // when so many are updated
	want    []string
	// meanwhile is what somebody does when the first worker is updated.
	meanwhile func(*world)
}

// The preferences of the step function: what it could do otherwise without
// breaking a safety rule.
func TestNext_Preferences(t *testing.T) {
	number := spec.Number
	stories := []story{
		{
			name: "one by one, in the order of the names", workers: 3,
			want: []string{"1>new", "2>new", "3>new", "Complete"},
		},
		{
			name: "a restart keeps the releases", workers: 2, restart: true,
			want: []string{"1", "2", "Complete"},
		},
		{
			name: "who is down goes first, and costs nothing", workers: 5, down: []string{"4"},
			policy: func(p *spec.Policy) { p.MaxUnavailable = number(2) },
			want:   []string{"4>new 1>new", "2>new 3>new", "5>new", "Complete"},
		},
		{
			name: "who is down goes first also where nobody may be stopped", workers: 3, down: []string{"2"},
			policy: func(p *spec.Policy) { p.MaxUnavailable, p.MaxSurge = number(0), number(1) },
			want:   []string{"4>new", "2>new", "1>new", "3>new", "stop 4", "Complete"},
		},
		{
			name: "MaxUnavailable=34% of 3 is 1, rounded down", workers: 3,
			policy: func(p *spec.Policy) { p.MaxUnavailable = spec.Percent(34) },
			want:   []string{"1>new", "2>new", "3>new", "Complete"},
		},
		{
			name: "MaxUnavailable=10% of 3 would be none, and is 1", workers: 3,
			policy: func(p *spec.Policy) { p.MaxUnavailable = spec.Percent(10) },
			want:   []string{"1>new", "2>new", "3>new", "Complete"},
		},
		{
			name: "MaxSurge=34% of 3 is 2, rounded up", workers: 3,
			policy: func(p *spec.Policy) { p.MaxUnavailable, p.MaxSurge = number(0), spec.Percent(34) },
			want:   []string{"4>new 5>new", "1>new 2>new", "3>new", "stop 4 stop 5", "Complete"},
		},
		{
			name: "MaxSurge and MaxUnavailable add up", workers: 4,
			policy: func(p *spec.Policy) { p.MaxUnavailable, p.MaxSurge = number(1), number(1) },
			want:   []string{"5>new", "1>new 2>new", "3>new 4>new", "stop 5", "Complete"},
		},
		{
			name: "the canary is the first batch, and held", workers: 4,
			policy: func(p *spec.Policy) {
				p.MaxUnavailable, p.Canary, p.CanaryHoldSec = number(2), number(1), spec.Infinity
			},
			want: []string{"1>new", "Held", "2>new 3>new", "4>new", "Complete"},
		},
		{
			name: "a canary without a hold is a small first batch", workers: 4,
			policy: func(p *spec.Policy) { p.MaxUnavailable, p.Canary = number(3), number(1) },
			want:   []string{"1>new", "2>new 3>new 4>new", "Complete"},
		},
		{
			name: "a canary is larger than a batch", workers: 4,
			policy: func(p *spec.Policy) { p.Canary, p.CanaryHoldSec = number(2), spec.Infinity },
			want:   []string{"1>new", "2>new", "Held", "3>new", "4>new", "Complete"},
		},
		{
			name: "no more surge than canaries before the canary was looked at", workers: 4,
			policy: func(p *spec.Policy) {
				p.MaxUnavailable, p.MaxSurge, p.Canary, p.CanaryHoldSec = number(0), number(2), number(1), time.Minute
			},
			want: []string{"5>new", "6>new", "1>new", "Held", "2>new 3>new", "4>new", "stop 5 stop 6", "Complete"},
		},
		{
			name: "a canary that is everybody is not held", workers: 2,
			policy: func(p *spec.Policy) {
				p.MaxUnavailable, p.Canary, p.CanaryHoldSec = number(2), number(2), spec.Infinity
			},
			want: []string{"1>new 2>new", "Complete"},
		},
		{
			name: "the way back: who is down first, then who serves, and nobody else", workers: 5, fails: []string{"3"},
			want: []string{"1>new", "2>new", "3>new", "RollingBack", "3>good", "1>good", "2>good", "RolledBack"},
		},
		{
			name: "the way back has the batches of the way there", workers: 5, fails: []string{"4"},
			policy: func(p *spec.Policy) { p.MaxUnavailable = number(2) },
			want:   []string{"1>new 2>new", "3>new 4>new", "RollingBack", "4>good 1>good", "2>good 3>good", "RolledBack"},
		},
		{
			name: "who does not come back is passed over, and the rollback has failed", workers: 3, fails: []string{"3"}, stays: []string{"3"},
			policy: func(p *spec.Policy) { p.MaxUnavailable = number(2) },
			want:   []string{"1>new 2>new", "3>new", "RollingBack", "3>good 1>good", "2>good", "Failing", "Failed"},
		},
		{
			name: "surge that fails touches nobody", workers: 3, fails: []string{"4"},
			policy: func(p *spec.Policy) { p.MaxUnavailable, p.MaxSurge = number(0), number(1) },
			want:   []string{"4>new", "RollingBack", "stop 4", "RolledBack"},
		},
		{
			name: "surge stands in on the way back too", workers: 3, fails: []string{"2"},
			policy: func(p *spec.Policy) { p.MaxUnavailable, p.MaxSurge = number(0), number(1) },
			want:   []string{"4>new", "1>new", "2>new", "RollingBack", "2>good", "1>good", "stop 4", "RolledBack"},
		},
		{
			name: "without AutoRollback it stops where it is, and tidies up", workers: 3, fails: []string{"2"},
			policy: func(p *spec.Policy) {
				p.AutoRollback, p.MaxSurge, p.MaxUnavailable = false, number(1), number(1)
			},
			want: []string{"4>new", "1>new 2>new", "Failing", "stop 4", "Failed"},
		},
		{
			name: "without AutoRollback surge stays that the floor needs", workers: 3, fails: []string{"2"},
			policy: func(p *spec.Policy) {
				p.AutoRollback, p.MaxSurge, p.MaxUnavailable = false, number(1), number(0)
			},
			want: []string{"4>new", "1>new", "2>new", "Failing", "Failed"},
		},
		{
			name: "a restart that fails has nothing to go back to", workers: 3, restart: true, fails: []string{"2"},
			want: []string{"1", "2", "Failing", "Failed"},
		},
		{
			name: "the first release of all has nothing to go back to", workers: 3, first: true, fails: []string{"2"},
			want: []string{"1>new", "2>new", "Failing", "Failed"},
		},
		{
			name: "an abort goes back", workers: 3, abort: 1,
			want: []string{"1>new", "2>new", "RollingBack", "1>good", "2>good", "RolledBack"},
		},
		{
			name: "an abort of a restart stops when what is under way is over", workers: 3, restart: true, abort: 1,
			want: []string{"1", "2", "Failing", "Failed"},
		},
	}
	for _, tt := range stories {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.tell(t); !slices.Equal(got, tt.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
		})
	}
}

func (s story) world(t *testing.T) *world {
	w := &world{t: t, random: rand.New(rand.NewPCG(1, 1)), now: time.Unix(1_800_000_000, 0), reached: make(map[string]bool), fails: s.fails, stays: s.stays}
	w.seen = Seen{Releases: make(map[string]string), Probes: make(map[string]Probe)}
	w.seen.Sockets = []units.Unit{{Name: "web.socket", ActiveState: units.Active}}
	start := Start{Cluster: "web", Revision: 7, Policy: spec.DefaultPolicy(), Release: newRelease, Previous: goodRelease}
	if s.restart {
		start.Release = ""
	}
	if s.first {
		start.Previous = ""
	}
	if s.policy != nil {
		s.policy(&start.Policy)
	}
	for i := range s.workers {
		instance := strconv.Itoa(i + 1)
		start.Workers = append(start.Workers, instance)
		if !s.first {
			w.seen.Releases[instance] = goodRelease
		}
		worker := units.Worker{Instance: instance, InvocationID: w.invocation(), Enabled: true, ActiveFor: time.Hour}
		worker.ActiveState = units.Active
		if slices.Contains(s.down, instance) {
			worker.ActiveState = units.FailedState
		}
		w.seen.Workers = append(w.seen.Workers, worker)
	}
	for i := range start.Policy.Surge(s.workers) {
		start.Surge = append(start.Surge, strconv.Itoa(s.workers+i+1))
	}
	w.record(Entry{Kind: KindStart, Start: &start})
	return w
}

// tell plays the story and writes down each batch and each change of the phase.
func (s story) tell(t *testing.T) []string {
	w := s.world(t)
	w.meanwhile = func() {
		switch {
		case s.abort > 0 && Updated(w.run) == s.abort:
			w.request(Abort)
			s.abort = 0
		case s.meanwhile != nil && Updated(w.run) == 1:
			s.meanwhile(w)
			s.meanwhile = nil
		}
	}
	return w.tell()
}

// tell plays the world on, and writes down each batch and each new phase.
func (w *world) tell() []string {
	var told []string
	for range 200 {
		before := w.run.Phase
		decision := w.decide()
		if decision.Phase != before && decision.Phase != Progressing {
			told = append(told, string(decision.Phase))
		}
		if len(decision.Do) > 0 {
			told = append(told, batchText(decision.Do))
		}
		if decision.Phase.Over() {
			return told
		}
		if w.meanwhile != nil {
			w.meanwhile()
		}
		w.happen(decision.Wake)
	}
	w.t.Fatalf("the rollout does not end: %s", w)
	return nil
}

func batchText(actions []Action) string {
	texts := make([]string, len(actions))
	for i, action := range actions {
		texts[i] = action.Instance
		if action.Release != "" {
			texts[i] += ">" + action.Release
		}
		switch action.Verb {
		case Stop, Reload:
			texts[i] = fmt.Sprintf("%s %s", action.Verb, texts[i])
		case Switch:
			texts[i] = "link " + texts[i]
		case Restart:
		}
	}
	return strings.Join(texts, " ")
}

// A bad release is taken back at once, and not when the rest of its batch has
// come up or failed too.
func TestNext_AGateThatBreaksIsNotKeptWaiting(t *testing.T) {
	w := story{workers: 4, fails: []string{"1"}, policy: func(p *spec.Policy) { p.MaxUnavailable = spec.Number(2) }}.world(t)
	w.decide()
	w.endJob(0)
	if d := w.decide(); d.Phase != RollingBack {
		t.Fatalf("worker 1 has failed, worker 2 is under way, and Next says %s", d.Phase)
	}
	if d := w.decide(); batchText(d.Do) != "1>good 2>good" {
		t.Errorf("goes back with %q, want both of the batch: neither serves", batchText(d.Do))
	}
}

// Without a way back what is under way comes to its end first, so that the
// journal knows how each worker ended.
func TestNext_AGateThatBreaksWithoutAWayBackWaitsForTheBatch(t *testing.T) {
	w := story{workers: 4, restart: true, fails: []string{"1"}, policy: func(p *spec.Policy) { p.MaxUnavailable = spec.Number(2) }}.world(t)
	w.decide()
	w.endJob(0)
	if d := w.decide(); d.Phase != Progressing {
		t.Fatalf("worker 2 is under way, and Next says %s", d.Phase)
	}
	w.endJob(0)
	if d := w.decide(); d.Phase != Failing || d.Worker != "1" {
		t.Errorf("Next says %+v", d)
	}
}

// What an engine has begun goes before workers whose turn has not come, also
// before those that are down.
func TestNext_WhatWasBegunIsEndedFirst(t *testing.T) {
	w := story{workers: 3}.world(t)
	w.decide()
	w.pending = nil // the engine dies before it acts
	for i := range w.seen.Workers {
		w.seen.Workers[i].ActiveState = units.Active
	}
	w.record(Entry{Kind: KindResume})
	w.worker("3").ActiveState = units.FailedState
	w.run.Policy.MaxUnavailable = spec.Number(2)
	if d := w.decide(); batchText(d.Do) != "1>new" {
		t.Errorf("goes on with %q, want 1>new", batchText(d.Do))
	}
}

// A canary that an engine has decided on and never come to is no canary yet.
func TestNext_ACanaryThatNeverBeganIsNotLookedAt(t *testing.T) {
	w := story{workers: 3, policy: func(p *spec.Policy) { p.Canary, p.CanaryHoldSec = spec.Number(1), spec.Infinity }}.world(t)
	w.decide()
	w.pending = nil
	w.worker("1").ActiveState = units.Active
	w.record(Entry{Kind: KindResume})
	if d := w.decide(); batchText(d.Do) != "1>new" {
		t.Errorf("Next says %s %q, want 1>new", d.Phase, batchText(d.Do))
	}
}
