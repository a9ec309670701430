package bus

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"

	"github.com/clusterctl/clusterctl/units"
)

// Cluster looks at the units of one cluster. It keeps what it has read and
// reads again only what a signal has marked, so that a look at a cluster of a
// thousand workers costs as much as what has changed in it.
type Cluster struct {
	*Conn
	name    string
	changes chan struct{}

	mu      sync.Mutex      // guards what follows where several goroutines come to it
	marked  map[string]bool // units to read again
	all     bool            // everything is to be read again
	workers map[string]worker
	sockets map[string]socket
	service service
}

// Cluster begins to follow the units of a cluster. Signals that arrive from
// now on are kept for the next List.
func (c *Conn) Cluster(name string) *Cluster {
	cluster := &Cluster{
		Conn:    c,
		name:    name,
		changes: make(chan struct{}, 1),
		marked:  make(map[string]bool),
		all:     true,
	}
	c.follow(cluster)
	return cluster
}

// Changes says that something may have changed since the last List. It
// carries no data and is never closed.
func (c *Cluster) Changes() <-chan struct{} { return c.changes }

// List is the cluster as it is now. It is for one goroutine at a time.
func (c *Cluster) List(ctx context.Context) (units.Cluster, error) {
	marked, all := c.take()
	if err := c.refresh(ctx, marked, all); err != nil {
		c.putBack(marked, all)
		return units.Cluster{}, err
	}
	return c.snapshot(), nil
}

func (c *Cluster) take() (map[string]bool, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	marked, all := c.marked, c.all
	c.marked, c.all = make(map[string]bool), false
	return marked, all
}

func (c *Cluster) putBack(marked map[string]bool, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.marked, marked)
	c.all = c.all || all
}

func (c *Cluster) refresh(ctx context.Context, marked map[string]bool, all bool) error {
	if all || marked[units.ServiceName(c.name)] {
		service, err := c.readService(ctx, units.ServiceName(c.name))
		if err != nil {
			return err
		}
		c.service = service
	}
	if all {
		return c.readAll(ctx)
	}
	return c.readEach(ctx, marked)
}

func (c *Cluster) readAll(ctx context.Context) error {
	c.workers, c.sockets = make(map[string]worker), make(map[string]socket)
	names, err := c.loadedWorkers(ctx)
	if err != nil {
		return err
	}
	maps.Copy(names, c.service.wanted)
	return c.readEach(ctx, names, needDaemonReload)
}

// readEach reads several units at a time, for systemd is fast and the way to it
// is long. After the first error it begins no other.
func (c *Cluster) readEach(ctx context.Context, names map[string]bool, more ...func(*units.Unit) property) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan string)
	var readers sync.WaitGroup
	for range min(len(names), readersAtATime) {
		readers.Go(func() {
			for name := range next {
				if err := c.readOne(ctx, name, more...); err != nil {
					stop(err)
				}
			}
		})
	}
	for name := range names {
		if ctx.Err() != nil {
			break
		}
		next <- name
	}
	close(next)
	readers.Wait()
	return context.Cause(ctx)
}

func (c *Cluster) readOne(ctx context.Context, unit string, more ...func(*units.Unit) property) error {
	if c.isSocket(unit) {
		socket, err := c.readSocket(ctx, unit)
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sockets[unit] = socket
		return nil
	}
	if _, ok := units.Instance(c.name, unit); !ok {
		return nil
	}
	worker, err := c.readWorker(ctx, c.name, unit, more...)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(more) == 0 {
		worker.NeedDaemonReload = c.workers[unit].NeedDaemonReload
	}
	c.workers[unit] = worker
	return nil
}

// isSocket says whether the unit holds a shared listener of the cluster:
// web.socket, or a web-NAME.socket that the service wants.
func (c *Cluster) isSocket(unit string) bool {
	return c.isSocketName(unit) && (unit == units.SocketName(c.name) || c.service.wanted[unit])
}

// isSocketName says whether the unit may hold a shared listener by its name
// alone. The admin sockets are instances and belong to their workers.
func (c *Cluster) isSocketName(unit string) bool {
	return strings.HasSuffix(unit, ".socket") && !strings.Contains(unit, "@") &&
		(unit == units.SocketName(c.name) || strings.HasPrefix(unit, c.name+"-"))
}

func (c *Cluster) snapshot() units.Cluster {
	now := monotonicNow()
	seen := units.Cluster{Name: c.name, Service: c.service.Unit, PolicyFiles: c.service.files}
	for _, name := range slices.Sorted(maps.Keys(c.sockets)) {
		seen.Sockets = append(seen.Sockets, c.sockets[name].Unit)
		seen.Listen = append(seen.Listen, c.sockets[name].listen...)
	}
	for unit, worker := range c.workers {
		w := worker.at(now)
		w.Enabled = c.service.wanted[unit]
		if w.Enabled || !w.ActiveState.Down() {
			seen.Workers = append(seen.Workers, w)
		}
	}
	units.SortWorkers(seen.Workers)
	return seen
}

// listedUnit is one row of ListUnitsByPatterns.
type listedUnit struct {
	Name, Description, LoadState, ActiveState, SubState, Following string
	Path                                                           dbus.ObjectPath
	JobID                                                          uint32
	JobType                                                        string
	JobPath                                                        dbus.ObjectPath
}

func (c *Cluster) loadedWorkers(ctx context.Context) (map[string]bool, error) {
	rows, err := c.listWorkers(ctx, c.name)
	if err != nil {
		return nil, err
	}
	names := make(map[string]bool, len(rows))
	for _, row := range rows {
		names[row.Name] = true
	}
	return names, nil
}

func (r *Reader) listWorkers(ctx context.Context, cluster string) ([]listedUnit, error) {
	var rows []listedUnit
	pattern := units.WorkerPattern(cluster)
	if err := r.manager(ctx, "ListUnitsByPatterns", []string{}, []string{pattern}).Store(&rows); err != nil {
		return nil, fmt.Errorf("list the units %q: %w", pattern, r.explain(err))
	}
	return rows, nil
}
