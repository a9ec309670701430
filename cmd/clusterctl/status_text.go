package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/cmd/internal/table"
)

// printClusters prints a line for each cluster, and what is wrong with any.
func printClusters(w io.Writer, clusters []overview.Cluster, o table.Output) error {
	rows := &table.Table{Columns: []table.Column{
		{Title: "CLUSTER"}, {Title: "STATE", Rank: 1}, {Title: "READY", Rank: 2}, {Title: "RELEASE", Rank: 3},
		{Title: "ROLLOUT", Rank: 4}, {Title: "LISTEN", Rank: 5}, {Title: "PROBLEMS", Rank: 2},
	}}
	for _, c := range clusters {
		rows.Add(
			table.Cell{Text: c.Name},
			table.Cell{Text: string(c.ActiveState), Style: c.Style()},
			table.Cell{Text: fmt.Sprintf("%d/%d", c.Ready, c.Wanted)},
			table.Cell{Text: table.Dash(c.Release)},
			table.Cell{Text: table.Dash(c.Rollout.String())},
			table.Cell{Text: addresses(c.Listeners)},
			table.Cell{Text: strconv.Itoa(len(c.Problems))},
		)
	}
	if err := rows.Fprint(w, o); err != nil {
		return err
	}
	for _, c := range clusters {
		if err := printProblems(w, c, o); err != nil {
			return err
		}
	}
	return nil
}

func addresses(listeners []overview.Listener) string {
	all := make([]string, len(listeners))
	for i, l := range listeners {
		all[i] = l.Address
	}
	return table.Dash(strings.Join(all, " "))
}

// printCluster prints a cluster as systemctl status does a unit, and its
// workers under it.
func printCluster(w io.Writer, c overview.Cluster, workers *table.Table, o table.Output) error {
	head := []string{summary(c, o)}
	for _, l := range c.Listeners {
		head = append(head, "  listen: "+listenerLine(l))
	}
	if c.Release != "" {
		head = append(head, " release: "+c.Release)
	}
	if c.Rollout != nil {
		head = append(head, " rollout: "+c.Rollout.Sentence)
	}
	for _, line := range head {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	if len(workers.Rows) > 0 {
		fmt.Fprintln(w)
		if err := workers.Fprint(w, o); err != nil {
			return err
		}
	}
	return printProblems(w, c, o)
}

func summary(c overview.Cluster, o table.Output) string {
	return fmt.Sprintf("%s %s, %d of %s ready", o.Paint(table.Bold, c.Name), o.Paint(c.Style(), string(c.ActiveState)), c.Ready, plural(c.Wanted, "worker"))
}

func listenerLine(l overview.Listener) string {
	if l.Queue == nil {
		return l.Address
	}
	return fmt.Sprintf("%s, accept queue %d/%d, %d dropped", l.Address, l.Queue.Waiting, l.Queue.Limit, l.Queue.Dropped)
}

// columns are those of the table of workers.
type columns string

const (
	usual columns = ""
	wide  columns = "wide"
)

func workerTable(workers []overview.Worker, c columns, now time.Time) *table.Table {
	rows := &table.Table{Columns: []table.Column{
		{Title: "WORKER"}, {Title: "STATE", Rank: 1}, {Title: "RELEASE", Rank: 3}, {Title: "SINCE", Rank: 4}, {Title: "RESTARTS", Rank: 5},
		{Title: "MEMORY", Rank: 7}, {Title: "CPU", Rank: 8}, {Title: "IN-FLIGHT", Rank: 6}, {Title: "HEALTH", Rank: 2},
	}}
	if c == wide {
		rows.Columns = append(rows.Columns, table.Column{Title: "PID", Rank: 10}, table.Column{Title: "CONNECTIONS", Rank: 11},
			table.Column{Title: "REQUESTS", Rank: 11}, table.Column{Title: "ERRORS", Rank: 10}, table.Column{Title: "ENABLED", Rank: 9}, table.Column{Title: "STATUS", Rank: 12})
	}
	addWorkers(rows, workers, c, now)
	return rows
}

func addWorkers(rows *table.Table, workers []overview.Worker, c columns, now time.Time) {
	for _, row := range fold(workers) {
		cells := workerCells(row, now)
		if c == wide {
			cells = append(cells, wideCells(row.Worker)...)
		}
		rows.Add(cells...)
	}
}

func workerCells(row foldedRow, now time.Time) []table.Cell {
	worker, cells := row.Worker, []table.Cell{{Text: row.name()}, {Text: row.State(), Style: row.Style()}, {Text: table.Dash(row.Release)}}
	if !worker.Asked {
		return append(cells, table.Plain("-", "-", "-", "-", "-", "-")...)
	}
	since, memory, cpu := "-", "-", "-"
	if worker.Since != nil {
		since = table.Age(now.Sub(*worker.Since))
	}
	if worker.Memory > 0 {
		memory = table.Bytes(worker.Memory)
	}
	if worker.CPU > 0 {
		cpu = table.CPU(worker.CPU)
	}
	health := table.Cell{Text: table.Dash(worker.Health)}
	if worker.Health != "" && worker.Health != "ok" {
		health = table.Cell{Text: "sick", Style: table.Bad} // why stands among the problems
	}
	return append(cells, append(table.Plain(since, fmt.Sprint(worker.Restarts), memory, cpu, overview.Number(worker.Numbers.InFlight)), health)...)
}

func wideCells(worker overview.Worker) []table.Cell {
	pid, enabled := "-", "no"
	if worker.MainPID > 0 {
		pid = fmt.Sprint(worker.MainPID)
	}
	if worker.Enabled {
		enabled = "yes"
	}
	return table.Plain(pid, overview.Number(worker.Numbers.Connections), overview.Number(worker.Numbers.Requests),
		overview.Number(worker.Numbers.Errors), enabled, table.Dash(worker.StatusText))
}

func printProblems(w io.Writer, c overview.Cluster, o table.Output) error {
	for _, p := range c.Problems {
		_, err := fmt.Fprintf(w, "\n%s: %s\n  hint: %s\n", o.Paint(table.Bad, p.Subject), table.Printable(p.Message), p.Hint)
		if err != nil {
			return err
		}
	}
	return nil
}
