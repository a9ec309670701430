package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// fakeSystemd is a hostile manager: it does for a restart what its script says
// and, told nothing, fails. It reaches states that a real systemd can't be
// driven into at will; everything else is tested on the real one.
type fakeSystemd struct {
	mu      sync.Mutex
	cluster units.Cluster
	script  func(*fakeSystemd, string) (units.JobResult, error)
	changes chan struct{}
	starts  int
	reload  func(*fakeSystemd, string) (units.JobResult, error)
	asked   []string // what was restarted or reloaded
	stopped []string
	jobs    sync.WaitGroup
	ended   map[string]time.Time
	listErr error
}

func newFakeSystemd(workers int) *fakeSystemd {
	f := &fakeSystemd{changes: make(chan struct{}, 1), ended: make(map[string]time.Time)}
	f.cluster.Name = "web"
	f.cluster.Service = units.Unit{Name: "web.service", LoadState: units.Loaded, ActiveState: units.Active}
	f.cluster.Sockets = []units.Unit{{Name: "web.socket", LoadState: units.Loaded, ActiveState: units.Active}}
	for i := range workers {
		instance := strconv.Itoa(i + 1)
		f.starts++
		f.cluster.Workers = append(f.cluster.Workers, units.Worker{
			Unit:         units.Unit{Name: units.WorkerName("web", instance), LoadState: units.Loaded, ActiveState: units.Active},
			Instance:     instance,
			InvocationID: fmt.Sprintf("start-%d", f.starts),
			ActiveFor:    time.Hour,
			Enabled:      true,
		})
	}
	return f
}

func (f *fakeSystemd) List(context.Context) (units.Cluster, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listErr != nil {
		return units.Cluster{}, f.listErr
	}
	seen := f.cluster
	seen.Workers = append([]units.Worker(nil), f.cluster.Workers...)
	for i := range seen.Workers {
		if at, ok := f.ended[seen.Workers[i].Instance]; ok {
			seen.Workers[i].ActiveFor = time.Since(at)
		}
	}
	return seen, nil
}

func (f *fakeSystemd) Restart(ctx context.Context, unit string) (units.JobResult, error) {
	f.mu.Lock()
	f.asked = append(f.asked, unit)
	f.mu.Unlock()
	if f.script == nil {
		return "", errors.New("told nothing, the fake fails")
	}
	instance, _ := units.Instance("web", unit)
	type end struct {
		result units.JobResult
		err    error
	}
	ended := make(chan end, 1)
	f.jobs.Go(func() {
		result, err := f.script(f, instance)
		ended <- end{result, err}
	})
	select {
	case e := <-ended:
		return e.result, e.err
	case <-ctx.Done():
		return "", ctx.Err() // the job stays with systemd
	}
}

func (f *fakeSystemd) Reload(ctx context.Context, unit string) (units.JobResult, error) {
	if f.reload == nil {
		return "", errors.New("told nothing, the fake fails")
	}
	f.mu.Lock()
	f.asked = append(f.asked, unit)
	f.mu.Unlock()
	instance, _ := units.Instance("web", unit)
	return f.reload(f, instance)
}

// Stop takes the worker away, as it does with one that is not enabled.
func (f *fakeSystemd) Stop(_ context.Context, unit string) (units.JobResult, error) {
	instance, _ := units.Instance("web", unit)
	f.mu.Lock()
	f.stopped = append(f.stopped, unit)
	f.cluster.Workers = slices.DeleteFunc(slices.Clone(f.cluster.Workers), func(w units.Worker) bool { return w.Instance == instance })
	f.mu.Unlock()
	f.hint()
	return units.JobDone, nil
}

func (f *fakeSystemd) Changes() <-chan struct{} { return f.changes }

// becomes changes a worker and tells of it.
func (f *fakeSystemd) becomes(instance string, change func(*units.Worker)) {
	f.mu.Lock()
	for i := range f.cluster.Workers {
		if f.cluster.Workers[i].Instance == instance {
			change(&f.cluster.Workers[i])
		}
	}
	f.mu.Unlock()
	f.hint()
}

// starts a worker anew, as a restart that works does.
func (f *fakeSystemd) startsAnew(instance string) {
	f.mu.Lock()
	f.starts++
	invocation := fmt.Sprintf("start-%d", f.starts)
	f.ended[instance] = time.Now()
	if !slices.ContainsFunc(f.cluster.Workers, func(w units.Worker) bool { return w.Instance == instance }) {
		f.cluster.Workers = append(slices.Clone(f.cluster.Workers), units.Worker{Instance: instance})
	}
	f.mu.Unlock()
	f.becomes(instance, func(w *units.Worker) {
		w.InvocationID, w.ActiveState, w.NRestarts = invocation, units.Active, 0
	})
}

func (f *fakeSystemd) hint() {
	select {
	case f.changes <- struct{}{}:
	default:
	}
}

// restartsIn is a script in which every restart works and takes so long.
func restartsIn(d time.Duration) func(*fakeSystemd, string) (units.JobResult, error) {
	return func(f *fakeSystemd, instance string) (units.JobResult, error) {
		f.becomes(instance, func(w *units.Worker) { w.ActiveState = units.Deactivating })
		time.Sleep(d) // the bubble's clock, not ours
		f.startsAnew(instance)
		return units.JobDone, nil
	}
}

// unlessRelease is a script in which restarts work, but those on one release
// end as the other script says.
func (r *rig) unlessRelease(bad string, otherwise func(*fakeSystemd, string) (units.JobResult, error)) func(*fakeSystemd, string) (units.JobResult, error) {
	return func(f *fakeSystemd, instance string) (units.JobResult, error) {
		if release, _ := r.links.Current(instance); release == bad {
			return otherwise(f, instance)
		}
		return restartsIn(time.Second)(f, instance)
	}
}

// exitsAtStart is the script of a release that does not come up.
func exitsAtStart(f *fakeSystemd, instance string) (units.JobResult, error) {
	f.startsAnew(instance)
	f.becomes(instance, func(w *units.Worker) { w.ActiveState, w.Result = units.Activating, "exit-code" })
	return units.JobFailed, nil
}

// failsFor is the script of a release that comes up on all workers but some.
func failsFor(instances []string) func(*fakeSystemd, string) (units.JobResult, error) {
	return func(f *fakeSystemd, instance string) (units.JobResult, error) {
		if slices.Contains(instances, instance) {
			return exitsAtStart(f, instance)
		}
		return restartsIn(time.Second)(f, instance)
	}
}

// links are the workers' links, in memory.
type links struct {
	mu       sync.Mutex
	releases map[string]string
	switched []string // "instance release", in their order
	// late is how long a switch to a release takes.
	late map[string]time.Duration
	// fails is the switch that does not work: "instance release", or "*".
	fails string
}

func (l *links) Current(instance string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.releases[instance], nil
}

func (l *links) Switch(instance, release string) error {
	time.Sleep(l.late[release]) // the bubble's clock, not ours
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails == "*" || l.fails == instance+" "+release {
		return errors.New("no space left on device")
	}
	l.releases[instance] = release
	l.switched = append(l.switched, instance+" "+release)
	return nil
}

func (l *links) Forget(instance string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.releases, instance)
	return nil
}

// healthScript answers for each worker.
type healthScript func(units.Worker) error

func (h healthScript) Check(_ context.Context, _ spec.Health, w units.Worker) error { return h(w) }

var healthy = healthScript(func(units.Worker) error { return nil })

// memory is a journal without a disk; it can be made to fail.
type memory struct {
	entries []Entry
	failAt  int // the entry that can't be written, 0 for none
}

func (m *memory) Append(entries ...Entry) error {
	for _, entry := range entries {
		if m.failAt > 0 && len(m.entries)+1 >= m.failAt {
			return errors.New("no space left on device")
		}
		m.entries = append(m.entries, entry)
	}
	return nil
}
