package rollout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

const (
	goodRelease = "good"
	newRelease  = "new"
)

// world is a cluster that lives in memory and goes wrong on purpose. It plays
// the part of systemd and of people for Next: jobs end in any order, releases
// fail, workers that nobody touches crash, somebody pauses and aborts, and
// engines die before, while and after they act.
type world struct {
	t       testing.TB
	random  *rand.Rand
	now     time.Time
	run     Run
	entries []Entry
	seen    Seen
	starts  int
	pending []Action // what systemd still has, one for each worker
	// reached are the instances that were ever given the target.
	reached map[string]bool
	batches [][]Action
	// How likely it is, in percent, that a start on the target fails, that one
	// on the release before does, that a worker with which nothing is open
	// crashes, and that somebody asks for something.
	bad, badBack, crash, meddle int
	// fails are the instances whose starts on the target fail for certain,
	// stays those whose starts on the way back do.
	fails, stays []string
	// meanwhile is what somebody does after each decision, nil for nothing.
	meanwhile func()
}

// newWorld is a world that its seed alone decides.
func newWorld(t testing.TB, seed uint64) *world {
	random := rand.New(rand.NewPCG(seed, 1))
	n := 1 + random.IntN(12)
	w := &world{
		t:       t,
		random:  random,
		now:     time.Unix(1_800_000_000, 0),
		reached: make(map[string]bool),
		bad:     []int{0, 0, 10, 50, 100}[random.IntN(5)],
		badBack: []int{0, 0, 0, 5, 100}[random.IntN(5)],
		crash:   []int{0, 0, 5}[random.IntN(3)],
		meddle:  []int{0, 0, 0, 5}[random.IntN(4)],
	}
	start := Start{Cluster: "web", Revision: 1, Policy: randomPolicy(random, n), Verb: Restart}
	switch random.IntN(6) {
	case 0: // each keeps the release it has
	case 1:
		start.Verb = Reload
	default:
		start.Release, start.Previous = newRelease, goodRelease
	}
	w.seen.Releases, w.seen.Probes = make(map[string]string), make(map[string]Probe)
	for i := range n {
		instance := strconv.Itoa(i + 1)
		start.Workers = append(start.Workers, instance)
		w.addWorker(instance)
		if start.Release != "" && random.IntN(20) > 0 {
			w.seen.Releases[instance] = goodRelease // the others are new and have none
		}
	}
	if start.Verb == Restart {
		for i := range start.Policy.Surge(n) {
			start.Surge = append(start.Surge, strconv.Itoa(n+i+1))
		}
	}
	w.seen.Sockets = []units.Unit{{Name: "web.socket", ActiveState: units.Active}}
	w.record(Entry{Kind: KindStart, Start: &start})
	return w
}

func randomPolicy(random *rand.Rand, n int) spec.Policy {
	policy := spec.DefaultPolicy()
	policy.MaxUnavailable = spec.Number(random.IntN(n + 1))
	policy.MaxSurge = spec.Number([]int{0, 0, 1, 1 + random.IntN(n)}[random.IntN(4)])
	policy.Canary = spec.Number([]int{0, 0, 1, random.IntN(n + 1)}[random.IntN(4)])
	policy.CanaryHoldSec = []time.Duration{0, 30 * time.Second, spec.Infinity}[random.IntN(3)]
	policy.AutoRollback = random.IntN(4) > 0
	policy.ProgressDeadlineSec = time.Minute
	policy.MinReadySec = time.Duration(random.IntN(3)) * time.Second
	if random.IntN(2) == 0 {
		policy.Health = spec.Health{Kind: spec.HealthHTTP, Threshold: 1 + random.IntN(3), Interval: time.Second, Timeout: time.Second}
	}
	return policy
}

func (w *world) addWorker(instance string) {
	worker := units.Worker{Instance: instance, InvocationID: w.invocation(), Enabled: true, ActiveFor: time.Hour}
	worker.ActiveState = units.Active
	if w.random.IntN(10) == 0 {
		worker.ActiveState, worker.Result, worker.ActiveFor = units.FailedState, "exit-code", 0
	}
	w.seen.Workers = append(w.seen.Workers, worker)
}

func (w *world) invocation() string {
	w.starts++
	return "start-" + strconv.Itoa(w.starts)
}

// worker is one that systemd shows: a worker that is not enabled is shown only
// while it is up.
func (w *world) worker(instance string) *units.Worker {
	at := slices.IndexFunc(w.seen.Workers, func(u units.Worker) bool { return u.Instance == instance })
	if at < 0 {
		return nil
	}
	return &w.seen.Workers[at]
}

func (w *world) serves(instance string) bool {
	worker := w.worker(instance)
	return worker != nil && worker.ActiveState.Serving()
}

func (w *world) record(entry Entry) {
	entry.Time = w.now
	w.entries = append(w.entries, entry)
	w.run.apply(entry)
}

// decide asks Next, holds the answer against the safety rules, writes it down
// and hands the actions to systemd.
func (w *world) decide() Decision {
	decision := Next(w.run, w.seen, w.now)
	w.check(decision)
	w.record(decision.entry(w.now))
	if len(decision.Do) == 0 {
		return decision
	}
	if again := Next(w.run, w.seen, w.now); len(again.Do) > 0 {
		w.t.Fatalf("asked again before anything changed, Next acts again: %+v after %+v\n%s", again.Do, decision.Do, w)
	}
	w.batches = append(w.batches, decision.Do)
	for _, action := range decision.Do {
		w.accept(action)
	}
	return decision
}

// accept takes an action into systemd's queue: the worker stops serving, and
// what was under way for it is replaced.
func (w *world) accept(action Action) {
	if action.Release == newRelease {
		w.reached[action.Instance] = true
	}
	if worker := w.worker(action.Instance); worker != nil && (action.Verb == Restart || action.Verb == Stop) {
		worker.ActiveState = units.Deactivating
	}
	w.pending = slices.DeleteFunc(w.pending, func(a Action) bool { return a.Instance == action.Instance })
	w.pending = append(w.pending, action)
}

// happen lets one thing happen: somebody asks for something, a job ends, a
// probe answers, or time passes. Workers may crash besides.
func (w *world) happen(wake time.Time) {
	w.crashSome()
	if w.random.IntN(100) < w.meddle {
		w.request([]RequestVerb{Pause, Resume, Resume, Abort}[w.random.IntN(4)])
		return
	}
	switch {
	case len(w.pending) > 0:
		w.endJob(w.random.IntN(len(w.pending)))
	case w.probe():
	case wake.After(w.now):
		w.pass(wake.Sub(w.now))
	case w.run.Phase == Held:
		w.request(Resume) // nobody else would
	}
}

func (w *world) request(verb RequestVerb) {
	if w.run.takes(verb) {
		w.record(Entry{Kind: KindRequest, Request: verb})
	}
}

// crashSome ends workers with which nothing is open; systemd starts half of
// them again.
func (w *world) crashSome() {
	if w.crash == 0 {
		return
	}
	for i := range w.seen.Workers {
		worker := &w.seen.Workers[i]
		if w.open(worker.Instance) || !worker.ActiveState.Serving() || w.random.IntN(100) >= w.crash {
			continue
		}
		worker.ActiveState, worker.Result, worker.ActiveFor = units.FailedState, "signal", 0
		if w.random.IntN(2) == 0 {
			worker.ActiveState, worker.InvocationID, worker.NRestarts = units.Active, w.invocation(), worker.NRestarts+1
		}
	}
}

// open says that the rollout is at work on a worker.
func (w *world) open(instance string) bool {
	for _, steps := range []map[string]Step{w.run.Steps, w.run.Back} {
		if step, ok := steps[instance]; ok && step.State != Available {
			return true
		}
	}
	return false
}

// endJob lets systemd end a job, and the engine hear of it.
func (w *world) endJob(at int) {
	action := w.pending[at]
	w.pending = slices.Delete(w.pending, at, at+1)
	w.link(action)
	result := w.carryOut(action)
	w.record(Entry{Kind: KindJob, ID: action.ID, Instance: action.Instance, Result: result})
}

func (w *world) link(action Action) {
	if action.Release != "" {
		w.seen.Releases[action.Instance] = action.Release
	}
}

func (w *world) carryOut(action Action) units.JobResult {
	switch action.Verb {
	case Switch:
		return units.JobDone
	case Stop:
		w.seen.Workers = slices.DeleteFunc(w.seen.Workers, func(u units.Worker) bool { return u.Instance == action.Instance })
		return units.JobDone
	}
	if w.worker(action.Instance) == nil {
		w.seen.Workers = append(w.seen.Workers, units.Worker{Instance: action.Instance})
	}
	worker := w.worker(action.Instance)
	if action.Verb == Restart {
		worker.InvocationID, worker.NRestarts, worker.ActiveFor = w.invocation(), 0, 0
	}
	percent := w.badBack
	if w.seen.Releases[action.Instance] == newRelease || w.run.Release == "" {
		percent = w.bad
	}
	worker.ActiveState, worker.Result = units.Active, "success"
	fails := w.fails
	if w.run.Failure != (Cause{}) {
		fails = w.stays
	}
	switch {
	case slices.Contains(fails, action.Instance):
		worker.ActiveState, worker.Result = units.Activating, "exit-code"
		return units.JobFailed
	case w.random.IntN(100) >= percent:
		return units.JobDone
	case w.random.IntN(3) == 0:
		worker.ActiveState, worker.Result = units.Activating, "exit-code"
		return units.JobFailed
	case w.random.IntN(2) == 0 && w.run.Policy.Health.Kind != spec.HealthNone:
		w.seen.Probes[action.Instance] = Probe{InvocationID: worker.InvocationID, Failures: w.run.Policy.Health.Threshold}
		return units.JobDone
	}
	worker.InvocationID, worker.NRestarts = w.invocation(), worker.NRestarts+1 // it crashed after READY=1
	return units.JobDone
}

func (w *world) probe() bool {
	if w.run.Policy.Health.Kind == spec.HealthNone {
		return false
	}
	for _, worker := range w.seen.Workers {
		if !worker.ActiveState.Serving() || w.seen.Probes[worker.Instance].InvocationID == worker.InvocationID {
			continue
		}
		w.seen.Probes[worker.Instance] = Probe{InvocationID: worker.InvocationID, Healthy: true}
		return true
	}
	return false
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	for i := range w.seen.Workers {
		if w.seen.Workers[i].ActiveState.Serving() {
			w.seen.Workers[i].ActiveFor += d
		}
	}
}

// play runs the world to the end of its rollout. So many times the engine dies
// at a random step and another takes over.
func (w *world) play(deaths int) {
	for range 2000 {
		decision := w.decide()
		if decision.Phase.Over() {
			w.checkEnd()
			return
		}
		w.happen(decision.Wake)
		if deaths > 0 && w.random.IntN(4) == 0 {
			deaths--
			w.die(0)
		}
	}
	w.t.Fatalf("the rollout does not end: %s", w)
}

// die lets another engine take over from the journal, of which the last lines
// may be lost. The dead one may have done all that it had decided, only
// switched the link, or nothing; what systemd has, it ends meanwhile.
func (w *world) die(lost int) {
	w.entries = w.entries[:max(len(w.entries)-lost, 1)]
	for _, action := range w.pending {
		switch w.random.IntN(3) {
		case 0:
			if worker := w.worker(action.Instance); worker != nil && worker.ActiveState == units.Deactivating {
				worker.ActiveState = units.Active
			}
			continue
		case 1:
			w.link(action)
			if worker := w.worker(action.Instance); worker != nil && worker.ActiveState == units.Deactivating {
				worker.ActiveState = units.Active
			}
			continue
		}
		w.link(action)
		w.carryOut(action)
	}
	w.pending = nil
	w.run = Fold(w.entries)
	w.seen.Probes = make(map[string]Probe)
	w.record(Entry{Kind: KindResume})
}

func (w *world) String() string {
	text := fmt.Sprintf("%s\nMaxUnavailable=%s MaxSurge=%s Canary=%s N=%d", Describe(w.run),
		w.run.Policy.MaxUnavailable, w.run.Policy.MaxSurge, w.run.Policy.Canary, len(w.run.Workers))
	for _, entry := range w.entries[1:] {
		if entry.Kind == KindDecision && len(entry.Do)+len(entry.Available) == 0 && entry.Phase == Progressing {
			continue
		}
		text += fmt.Sprintf("\n%s %s %s%s %s", entry.Kind, entry.Phase, entry.Instance, entry.Request, entry.Result)
		for _, action := range entry.Do {
			text += fmt.Sprintf(" [%d %s %s %s]", action.ID, action.Verb, action.Instance, action.Release)
		}
		if len(entry.Available) > 0 {
			text += fmt.Sprintf(" available %s", entry.Available)
		}
	}
	for _, worker := range w.seen.Workers {
		text += fmt.Sprintf("\n%s: %s %s restarts=%d release=%q", worker.Instance, worker.ActiveState, worker.InvocationID, worker.NRestarts, w.seen.Releases[worker.Instance])
	}
	return text
}
