package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/cmd/internal/table"
)

// changeReport prints changes one after the other: first each cluster whole,
// then a row for each worker that has changed.
type changeReport struct {
	output string
	out    io.Writer

	mu    sync.Mutex
	known map[string]*reported // by cluster
}

// reported is what was printed of a cluster.
type reported struct {
	workers *table.Table
	rollout string
}

func (r *changeReport) print(change overview.Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch r.output {
	case "json":
		return json.NewEncoder(r.out).Encode(change)
	case "yaml":
		if _, err := fmt.Fprintln(r.out, "---"); err != nil {
			return err
		}
		return printYAML(r.out, change)
	case "name":
		return printNames(r.out, []overview.Cluster{change.Cluster}, true)
	}
	return r.rows(change, table.OutputOf(r.out))
}

func (r *changeReport) rows(change overview.Change, o table.Output) error {
	known, again := r.known[change.Name]
	if !again {
		known = &reported{workerTable(change.Workers, columns(r.output), time.Now()), sentence(change.Cluster)}
		if r.known == nil {
			r.known = make(map[string]*reported)
		}
		r.known[change.Name] = known
		return printCluster(r.out, change.Cluster, known.workers, o)
	}
	if change.Itself {
		line := summary(change.Cluster, o)
		if now := sentence(change.Cluster); now != known.rollout {
			line, known.rollout = line+"; "+now, now
		}
		if _, err := fmt.Fprintln(r.out, line); err != nil {
			return err
		}
	}
	known.workers.Rows = known.workers.Rows[:0]
	addWorkers(known.workers, change.Workers, columns(r.output), time.Now())
	for _, unit := range change.Gone {
		known.workers.Add(goneRow(unit, len(known.workers.Columns))...)
	}
	return known.workers.FprintMore(r.out, o)
}

func sentence(c overview.Cluster) string {
	if c.Rollout == nil {
		return ""
	}
	return c.Rollout.Sentence
}

func goneRow(unit string, columns int) []table.Cell {
	cells := make([]table.Cell, columns)
	cells[0], cells[1] = table.Cell{Text: unit}, table.Cell{Text: "gone", Style: table.Odd}
	return cells
}
