package overview

import (
	"context"
	"slices"

	"github.com/clusterctl/clusterctl/units"
)

// Choice says which workers are looked at closely: read whole, and asked.
type Choice func([]units.Worker) []units.Worker

// Everyone chooses all workers.
func Everyone(workers []units.Worker) []units.Worker { return workers }

// Nobody chooses none: their states are enough.
func Nobody([]units.Worker) []units.Worker { return nil }

// legible is how many workers a person reads through.
const legible = 100

// Notable chooses all workers of a cluster that a person reads through, and of
// a larger one those that are not as they should be, as far as that can be told
// from their state.
func Notable(workers []units.Worker) []units.Worker {
	if len(workers) <= legible {
		return workers
	}
	var notable []units.Worker
	for _, w := range workers {
		if w.ActiveState != units.Active || !w.Enabled || w.Job != 0 {
			notable = append(notable, w)
		}
	}
	return notable[:min(len(notable), legible)]
}

// Some chooses the notable workers, and as many others, the first ones, as a
// person reads through.
func Some(workers []units.Worker) []units.Worker {
	if len(workers) <= legible {
		return workers
	}
	some := Notable(workers)
	for _, w := range workers {
		if len(some) == legible {
			break
		}
		if !slices.ContainsFunc(some, func(n units.Worker) bool { return n.Instance == w.Instance }) {
			some = append(some, w)
		}
	}
	return some
}

// Look reads a cluster. One that systemd doesn't know has no more than the
// LoadState of its service.
func (c Collector) Look(ctx context.Context, cluster string, choose Choice) (Seen, error) {
	glance, err := c.Systemd.Glance(ctx, cluster)
	if err != nil || glance.Service.LoadState != units.Loaded {
		return Seen{Cluster: glance}, err
	}
	chosen, err := c.Systemd.ReadWorkers(ctx, choose(glance.Workers))
	if err != nil {
		return Seen{}, err
	}
	whole := make(map[string]units.Worker, len(chosen))
	for _, worker := range chosen {
		whole[worker.Instance] = worker
	}
	for i, worker := range glance.Workers {
		if w, ok := whole[worker.Instance]; ok {
			glance.Workers[i] = w
		}
	}
	return c.Complete(ctx, glance, chosen)
}
