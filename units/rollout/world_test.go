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
// fail, workers that nobody touches crash, and somebody pauses and aborts.
type world struct {
	t       *testing.T
	random  *rand.Rand
	now     time.Time
	run     Run
	seen    Seen
	starts  int
	pending []Action // jobs that systemd still has
	touched map[string]bool
	// How likely it is, in percent, that a start on the target fails, that a
	// worker whose turn has not come crashes, and that somebody asks for
	// something. On the release before, no start fails.
	bad, crash, meddle int
	batches            [][]Action
	phases             []Phase
}

func newWorld(t *testing.T, seed uint64) *world {
	random := rand.New(rand.NewPCG(seed, 1))
	n := 1 + random.IntN(12)
	w := &world{
		t:       t,
		random:  random,
		now:     time.Unix(1_800_000_000, 0),
		touched: make(map[string]bool),
		bad:     []int{0, 0, 10, 50, 100}[random.IntN(5)],
		crash:   []int{0, 0, 5}[random.IntN(3)],
		meddle:  []int{0, 0, 10}[random.IntN(3)],
	}
	start := Start{Cluster: "web", Revision: 1, Policy: randomPolicy(random, n), Verb: Restart}
	if random.IntN(3) > 0 {
		start.Release, start.Previous = newRelease, goodRelease
	}
	w.seen.Releases = make(map[string]string)
	for i := range n {
		instance := strconv.Itoa(i + 1)
		start.Workers = append(start.Workers, instance)
		worker := units.Worker{Instance: instance, InvocationID: w.invocation(), Enabled: true}
		worker.ActiveState = units.Active
		if random.IntN(10) == 0 {
			worker.ActiveState, worker.Result = units.FailedState, "exit-code"
		}
		worker.ActiveFor = time.Hour
		w.seen.Workers = append(w.seen.Workers, worker)
		if start.Release != "" {
			w.seen.Releases[instance] = goodRelease
		}
	}
	for i := range start.Policy.Surge(n) {
		start.Surge = append(start.Surge, strconv.Itoa(n+i+1))
		w.seen.Workers = append(w.seen.Workers, units.Worker{Instance: strconv.Itoa(n + i + 1), Unit: units.Unit{ActiveState: units.Inactive}})
	}
	w.seen.Sockets = []units.Unit{{Name: "web.socket", ActiveState: units.Active}}
	w.seen.Probes = make(map[string]Probe)
	w.run = begin(start, w.now)
	return w
}

func randomPolicy(random *rand.Rand, n int) spec.Policy {
	policy := spec.DefaultPolicy()
	policy.MaxUnavailable = spec.Number(1 + random.IntN(n))
	if random.IntN(3) == 0 {
		policy.MaxSurge = spec.Number(1 + random.IntN(2))
		policy.MaxUnavailable = spec.Number(random.IntN(n + 1))
	}
	if random.IntN(3) == 0 {
		policy.Canary = spec.Number(1 + random.IntN(n))
		policy.CanaryHoldSec = []time.Duration{0, 10 * time.Second, spec.Infinity}[random.IntN(3)]
	}
	policy.AutoRollback = random.IntN(4) > 0
	policy.ProgressDeadlineSec = time.Minute
	policy.MinReadySec = time.Duration(random.IntN(3)) * time.Second
	if random.IntN(2) == 0 {
		policy.Health = spec.Health{Kind: spec.HealthHTTP, Threshold: 1 + random.IntN(3), Interval: time.Second, Timeout: time.Second}
	}
	return policy
}

func (w *world) invocation() string {
	w.starts++
	return fmt.Sprintf("start-%d", w.starts)
}

func (w *world) worker(instance string) *units.Worker {
	at := slices.IndexFunc(w.seen.Workers, func(u units.Worker) bool { return u.Instance == instance })
	return &w.seen.Workers[at]
}

// decide asks Next, checks the safety rules, and does what Next says.
func (w *world) decide() Decision {
	decision := Next(w.run, w.seen, w.now)
	w.checkCapacity(decision)
	w.run = w.run.with(Entry{
		Kind: KindDecision, Time: w.now, Do: decision.Do, Available: decision.Available,
		Phase: decision.Phase, Cause: decision.Cause,
	})
	w.phases = append(w.phases, decision.Phase)
	if again := Next(w.run, w.seen, w.now); len(decision.Do) > 0 && len(again.Do) > 0 {
		w.t.Fatalf("asked again before anything changed, Next acts again: %+v after %+v", again.Do, decision.Do)
	}
	if len(decision.Do) > 0 {
		w.batches = append(w.batches, decision.Do)
	}
	for _, action := range decision.Do {
		w.touched[action.Instance] = true
		w.worker(action.Instance).ActiveState = units.Deactivating
		if action.Release != "" {
			w.seen.Releases[action.Instance] = action.Release
		}
		w.pending = append(slices.DeleteFunc(w.pending, func(a Action) bool { return a.Instance == action.Instance }), action)
	}
	return decision
}

// reliable says whether a worker serves as it should, by a count of its own:
// it serves, and if it was moved it has met every gate.
func (w *world) reliable(instance string, decision Decision) bool {
	if !w.worker(instance).ActiveState.Serving() {
		return false
	}
	forward, back := w.run.Steps[instance], w.run.Back[instance]
	step := forward
	if back.ID != 0 {
		step = back
	}
	return step.ID == 0 || step.State == Available || slices.Contains(decision.Available, instance)
}

// checkCapacity holds a decision against the floor.
func (w *world) checkCapacity(decision Decision) {
	serving, stopped := 0, 0
	for _, worker := range w.seen.Workers {
		if w.reliable(worker.Instance, decision) {
			serving++
		}
	}
	for _, action := range decision.Do {
		// At the end of a rollback the workers beyond the usual number hold
		// the release that is taken back: nobody relies on them.
		if w.reliable(action.Instance, decision) && (decision.Phase != RollingBack || action.Verb != Stop) {
			stopped++
		}
	}
	n := len(w.run.Workers)
	floor := n - w.run.Policy.Unavailable(n)
	if stopped > 0 && serving-stopped < floor {
		w.t.Fatalf("%d of %d serve, the floor is %d, and Next stops %d: %+v", serving, n, floor, stopped, decision.Do)
	}
}

// happen lets one thing happen: a job ends, a probe answers, time passes, a
// worker crashes, somebody asks for something.
func (w *world) happen(wake time.Time) {
	for _, worker := range w.seen.Workers {
		if w.run.Steps[worker.Instance].State == Pending && worker.ActiveState.Serving() && w.random.IntN(100) < w.crash {
			crashed := w.worker(worker.Instance)
			crashed.ActiveState, crashed.Result = units.FailedState, "signal"
		}
	}
	if w.random.IntN(100) < w.meddle {
		w.request([]RequestVerb{Pause, Resume, Abort}[w.random.IntN(3)])
		return
	}
	if len(w.pending) > 0 {
		w.endJob(w.random.IntN(len(w.pending)))
		return
	}
	if w.probe() {
		return
	}
	switch {
	case wake.After(w.now):
		w.pass(wake.Sub(w.now))
	case w.run.Phase == Held:
		w.request(Resume) // nobody else would
	}
}

func (w *world) request(verb RequestVerb) {
	w.run = w.run.with(Entry{Kind: KindRequest, Time: w.now, Request: verb})
}

func (w *world) endJob(at int) {
	action := w.pending[at]
	w.pending = slices.Delete(w.pending, at, at+1)
	worker := w.worker(action.Instance)
	result := units.JobDone
	if action.Verb == Stop {
		worker.ActiveState, worker.ActiveFor = units.Inactive, 0
	} else {
		worker.InvocationID, worker.NRestarts, worker.ActiveFor = w.invocation(), 0, 0
		switch {
		case w.run.Phase == RollingBack || w.random.IntN(100) >= w.bad:
			worker.ActiveState, worker.Result = units.Active, "success"
		case w.random.IntN(2) == 0:
			worker.ActiveState, worker.Result, result = units.Activating, "exit-code", units.JobFailed
		default:
			worker.ActiveState, worker.NRestarts = units.Active, 1 // it crashed after READY=1
		}
	}
	w.run = w.run.with(Entry{Kind: KindJob, Time: w.now, ID: action.ID, Instance: action.Instance, Result: result})
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
	for range 1000 {
		decision := w.decide()
		if decision.Phase.Over() {
			return
		}
		w.happen(decision.Wake)
		if deaths > 0 && w.random.IntN(4) == 0 {
			deaths--
			w.run = w.run.with(Entry{Kind: KindResume, Time: w.now})
			w.seen.Probes = make(map[string]Probe)
			w.settle()
		}
	}
	w.t.Fatalf("the rollout does not end: %s", Describe(w.run))
}

// settle lets systemd finish the jobs of an engine that died.
func (w *world) settle() {
	for len(w.pending) > 0 {
		run := w.run
		w.endJob(0)
		w.run = run // nobody heard of the result
	}
}
