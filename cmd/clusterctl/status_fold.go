package main

import (
	"fmt"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
)

// foldedRow is a worker, or many that are alike as far as was looked.
type foldedRow struct {
	overview.Worker
	count int
}

func (r foldedRow) name() string {
	if r.count == 1 {
		return r.Unit
	}
	return fmt.Sprintf("%d workers", r.count)
}

// fold puts workers of which no more than the state was read into one row for
// each state and release: nobody reads a thousand lines that say the same.
func fold(workers []overview.Worker) []foldedRow {
	type alike struct{ state, release string }
	folded := make(map[alike]int)
	var rows []foldedRow
	for _, worker := range workers {
		if worker.Asked {
			rows = append(rows, foldedRow{worker, 1})
			continue
		}
		key := alike{worker.State(), worker.Release}
		if at, ok := folded[key]; ok {
			rows[at].count++
			continue
		}
		folded[key] = len(rows)
		rows = append(rows, foldedRow{worker, 1})
	}
	return rows
}
