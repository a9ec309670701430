package bus

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clusterctl/clusterctl/units"
)

// workersSuffix ends the name of the target between a cluster and its workers.
const workersSuffix = "-workers.target"

// Clusters are the names of the manager's clusters, loaded or not: the services
// that want a target of their workers, as the generated ones do.
func (r *Reader) Clusters(ctx context.Context) ([]string, error) {
	var files []struct{ Path, State string }
	err := r.manager(ctx, "ListUnitFilesByPatterns", []string{}, []string{"*" + workersSuffix}).Store(&files)
	if err != nil {
		return nil, fmt.Errorf("list the clusters: %w", r.explain(err))
	}
	var clusters []string
	for _, file := range files {
		cluster := strings.TrimSuffix(path.Base(file.Path), workersSuffix)
		service, err := r.readService(ctx, units.ServiceName(cluster))
		if err != nil {
			return nil, err
		}
		if service.wanted[cluster+workersSuffix] {
			clusters = append(clusters, cluster)
		}
	}
	slices.Sort(clusters)
	return slices.Compact(clusters), nil
}

// Look reads all units of a cluster whole.
func (r *Reader) Look(ctx context.Context, cluster string) (units.Cluster, error) {
	once := &Cluster{Conn: &Conn{Reader: r}, name: cluster, all: true}
	return once.List(ctx)
}

// Glance reads a cluster at the cost of a listing, whatever the number of its
// workers: of each worker it knows its states and its job alone. ReadWorkers
// reads the rest of it.
func (r *Reader) Glance(ctx context.Context, cluster string) (units.Cluster, error) {
	once := &Cluster{Conn: &Conn{Reader: r}, name: cluster, sockets: make(map[string]socket), workers: make(map[string]worker)}
	var rows []listedUnit
	var listErr error
	var listing sync.WaitGroup
	listing.Go(func() { rows, listErr = r.listWorkers(ctx, cluster) }) // most of the work
	service, err := once.readFrame(ctx)
	listing.Wait()
	if err := cmp.Or(err, listErr); err != nil {
		return units.Cluster{}, err
	}
	for unit := range service.wanted { // which may not be loaded
		once.workers[unit] = worker{Worker: listedUnit{Name: unit, ActiveState: string(units.Inactive)}.worker(cluster)}
	}
	for _, row := range rows {
		once.workers[row.Name] = worker{Worker: row.worker(cluster)}
	}
	maps.DeleteFunc(once.workers, func(_ string, w worker) bool { return w.Instance == "" })
	seen := once.snapshot()
	for i := range seen.Workers {
		seen.Workers[i].ActiveFor = 0 // a listing does not tell
	}
	return seen, nil
}

// readFrame reads the service of the cluster and its sockets.
func (c *Cluster) readFrame(ctx context.Context) (service, error) {
	service, err := c.readService(ctx, units.ServiceName(c.name))
	if err != nil {
		return service, err
	}
	c.service = service
	for unit := range service.wanted {
		if !c.isSocket(unit) {
			continue
		}
		if err := c.readOne(ctx, unit); err != nil {
			return service, err
		}
	}
	return service, nil
}

func (row listedUnit) worker(cluster string) units.Worker {
	instance, _ := units.Instance(cluster, row.Name)
	return units.Worker{Instance: instance, Unit: units.Unit{
		Name:        row.Name,
		LoadState:   units.LoadState(row.LoadState),
		ActiveState: units.ActiveState(row.ActiveState),
		SubState:    row.SubState,
		Job:         row.JobID,
	}}
}

// ReadWorkers completes workers that were glanced at, in their order.
func (r *Reader) ReadWorkers(ctx context.Context, workers []units.Worker) ([]units.Worker, error) {
	whole, err := each(workers, func(w units.Worker) (units.Worker, error) {
		err := r.read(ctx, w.Name, []property{
			{serviceInterface, "Result", &w.Result},
			{serviceInterface, "NRestarts", &w.NRestarts},
			{serviceInterface, "MainPID", &w.MainPID},
			{serviceInterface, "StatusText", &w.StatusText},
			{serviceInterface, "ExecMainStatus", &w.ExecMainStatus},
		})
		return w, err
	})
	if err != nil || len(whole) == 0 {
		return whole, err
	}
	// Workers share their files, and each answer makes systemd look at them.
	return whole, r.read(ctx, whole[0].Name, []property{needDaemonReload(&whole[0].Unit)})
}

// Vitals reads what the services show beside their state, by unit name.
func (r *Reader) Vitals(ctx context.Context, services []string) (map[string]units.Vitals, error) {
	read, err := each(services, func(service string) (units.Vitals, error) { return r.vitals(ctx, service) })
	if err != nil {
		return nil, err
	}
	vitals := make(map[string]units.Vitals, len(services))
	for i, service := range services {
		vitals[service] = read[i]
	}
	return vitals, nil
}

func each[In, Out any](all []In, read func(In) (Out, error)) ([]Out, error) {
	out := make([]Out, len(all))
	errs := make([]error, len(all))
	var reading sync.WaitGroup
	for first := range min(readersAtATime, len(all)) {
		reading.Go(func() {
			for i := first; i < len(all); i += readersAtATime {
				out[i], errs[i] = read(all[i])
			}
		})
	}
	reading.Wait()
	return out, cmp.Or(errs...)
}

func (r *Reader) vitals(ctx context.Context, service string) (units.Vitals, error) {
	var changed, memory, cpu uint64
	err := r.read(ctx, service, []property{
		{unitInterface, "StateChangeTimestamp", &changed},
		{serviceInterface, "MemoryCurrent", &memory},
		{serviceInterface, "CPUUsageNSec", &cpu},
	})
	if err != nil {
		return units.Vitals{}, err
	}
	var v units.Vitals
	if changed > 0 {
		v.Since = time.UnixMicro(int64(changed))
	}
	const unknown = math.MaxUint64 // UINT64_MAX: not accounted for, or nothing runs
	if memory != unknown {
		v.Memory = memory
	}
	if cpu != unknown {
		v.CPU = time.Duration(cpu)
	}
	return v, nil
}
