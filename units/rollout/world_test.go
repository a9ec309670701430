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

// world is a cluster that lives in memory and goes wrong on purpose. It plays
// the part of systemd for Next: jobs end in any order, releases fail, and
// workers that nobody touches crash.
type world struct {
	t       *testing.T
	random  *rand.Rand
	now     time.Time
	run     Run
	seen    Seen
	starts  int
	pending []Action // restart jobs that systemd still has
	touched map[string]bool
	// How likely it is, in percent, that a start fails and that a worker
	// whose turn has not come crashes.
	bad, crash int
	batches    [][]string
}

func newWorld(t *testing.T, seed uint64) *world {
	random := rand.New(rand.NewPCG(seed, 1))
	n := 1 + random.IntN(20)
	policy := spec.DefaultPolicy()
	policy.MaxUnavailable = spec.Number(1 + random.IntN(n))
	policy.ProgressDeadlineSec = time.Minute
	policy.MinReadySec = time.Duration(random.IntN(3)) * time.Second
	if random.IntN(2) == 0 {
		policy.Health = spec.Health{Kind: spec.HealthHTTP, Threshold: 1 + random.IntN(3), Interval: time.Second, Timeout: time.Second}
	}
	w := &world{
		t:       t,
		random:  random,
		now:     time.Unix(1_800_000_000, 0),
		touched: make(map[string]bool),
		bad:     []int{0, 0, 10, 50, 100}[random.IntN(5)],
		crash:   []int{0, 0, 5}[random.IntN(3)],
	}
	start := Start{Cluster: "web", Revision: 1, Policy: policy}
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
	}
	w.seen.Sockets = []units.Unit{{Name: "web.socket", ActiveState: units.Active}}
	w.seen.Probes = make(map[string]Probe)
	w.run = begin(start, w.now)
	return w
}

func (w *world) invocation() string {
	w.starts++
	return fmt.Sprintf("start-%d", w.starts)
}

func (w *world) worker(instance string) *units.Worker {
	at := slices.IndexFunc(w.seen.Workers, func(u units.Worker) bool { return u.Instance == instance })
	return &w.seen.Workers[at]
}

// decide asks Next, checks the safety rules and folds the answer into the run.
func (w *world) decide() Decision {
	decision := Next(w.run, w.seen, w.now)
	w.checkCapacity(decision)
	w.run = w.run.with(Entry{
		Kind: KindDecision, Time: w.now, Do: decision.Do, Available: decision.Available,
		Phase: decision.Phase, Reason: decision.Reason, Worker: decision.Worker, Message: decision.Message,
	})
	if again := Next(w.run, w.seen, w.now); len(again.Do) > 0 {
		w.t.Fatalf("asked again before anything changed, Next acts again: %+v after %+v", again.Do, decision.Do)
	}
	if len(decision.Do) > 0 {
		w.batches = append(w.batches, instancesOf(decision.Do))
	}
	for _, action := range decision.Do {
		w.touched[action.Instance] = true
		w.worker(action.Instance).ActiveState = units.Deactivating
		w.pending = append(w.pending, action)
	}
	return decision
}

// checkCapacity holds a decision against the floor, with a count of its own.
func (w *world) checkCapacity(decision Decision) {
	serving, stopped := 0, 0
	for _, worker := range w.seen.Workers {
		step := w.run.Steps[worker.Instance]
		if worker.ActiveState.Serving() && (step.State == Pending || step.State == Available || slices.Contains(decision.Available, worker.Instance)) {
			serving++
		}
	}
	for _, action := range decision.Do {
		if w.worker(action.Instance).ActiveState.Serving() {
			stopped++
		}
	}
	n := len(w.run.Workers)
	most := w.run.Policy.Unavailable(n)
	if stopped > 0 && serving-stopped < n-most {
		w.t.Fatalf("%d of %d serve, MaxUnavailable=%d, and Next stops %d: %+v", serving, n, most, stopped, decision.Do)
	}
	if len(decision.Do) > most {
		w.t.Fatalf("a batch of %d with MaxUnavailable=%d", len(decision.Do), most)
	}
}

// happen lets one thing happen: a job ends, a probe answers, time passes, a
// worker crashes.
func (w *world) happen(wake time.Time) {
	for _, worker := range w.seen.Workers {
		if w.run.Steps[worker.Instance].State == Pending && worker.ActiveState.Serving() && w.random.IntN(100) < w.crash {
			crashed := w.worker(worker.Instance)
			crashed.ActiveState, crashed.Result = units.FailedState, "signal"
		}
	}
	if len(w.pending) > 0 {
		w.endJob(w.random.IntN(len(w.pending)))
		return
	}
	if w.probe() {
		return
	}
	if wake.After(w.now) {
		w.pass(wake.Sub(w.now))
	}
}

func (w *world) endJob(at int) {
	action := w.pending[at]
	w.pending = slices.Delete(w.pending, at, at+1)
	worker := w.worker(action.Instance)
	worker.InvocationID, worker.NRestarts, worker.ActiveFor = w.invocation(), 0, 0
	result := units.JobDone
	switch {
	case w.random.IntN(100) >= w.bad:
		worker.ActiveState, worker.Result = units.Active, "success"
	case w.random.IntN(2) == 0:
		worker.ActiveState, worker.Result, result = units.Activating, "exit-code", units.JobFailed
	default:
		worker.ActiveState, worker.NRestarts = units.Active, 1 // it crashed after READY=1
	}
	w.run = w.run.with(Entry{Kind: KindJob, Time: w.now, Instance: action.Instance, Result: result})
}

func (w *world) probe() bool {
	if w.run.Policy.Health.Kind == spec.HealthNone {
		return false
	}
	for _, worker := range w.seen.Workers {
		state := w.run.Steps[worker.Instance].State
		if state == Pending || state == Restarting || !worker.ActiveState.Serving() || w.seen.Probes[worker.Instance].InvocationID == worker.InvocationID {
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
	w.t.Fatal("the rollout does not end")
}

// settle lets systemd finish the jobs of an engine that died.
func (w *world) settle() {
	for len(w.pending) > 0 {
		run := w.run
		w.endJob(0)
		w.run = run // nobody heard of the result
	}
}
