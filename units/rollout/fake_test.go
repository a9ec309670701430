package rollout

import (
	"context"
	"errors"
	"fmt"
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
	asked   []string
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
	result, err := f.script(f, instance)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return result, err
}

func (f *fakeSystemd) Reload(context.Context, string) (units.JobResult, error) {
	return "", errors.New("told nothing, the fake fails")
}

func (f *fakeSystemd) Stop(context.Context, string) (units.JobResult, error) {
	return "", errors.New("told nothing, the fake fails")
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
