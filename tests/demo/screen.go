package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

const indent = "    "

func say(text string)     { fmt.Println("\n" + text) }
func command(text string) { fmt.Println("\n" + indent + "$ " + text) }

func show(text string) {
	for line := range strings.Lines(text) {
		fmt.Println(indent + strings.TrimRight(line, "\n"))
	}
}

// indented shows whole lines, as they are written.
type indented struct{ rest []byte }

func (w *indented) Write(data []byte) (int, error) {
	w.rest = append(w.rest, data...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			return len(data), nil
		}
		show(string(line))
		w.rest = rest
	}
}

// print shows the result; it is an error if a request failed or a worker is
// the same process as before.
func (r result) print(web *stage.Cluster) error {
	requests, failed := 0, 0
	fmt.Printf("\n"+indent+"%-15s %-8s %9s %7s %7s %7s %7s\n", "connections", "phase", "requests", "failed", "p50 ms", "p99 ms", "max ms")
	for i, mode := range []load.Mode{load.KeepAlive, load.NewConnection} {
		for _, row := range r.loads[i].Phases {
			fmt.Printf(indent+"%-15s %-8s %9d %7d %7s %7s %7s\n",
				mode, row.Phase, row.Requests, row.Failed, ms(row.P50), ms(row.P99), ms(row.Max))
		}
		requests += r.loads[i].Requests
		failed += r.loads[i].Failed
	}
	fmt.Printf("\n"+indent+"%-15s %8s %9s %9s\n", "worker", "process", "now", "answered")
	rolled := 0
	for i, before := range r.before {
		after := r.after[i]
		if after["MainPID"] != before["MainPID"] {
			rolled++
		}
		instance := strconv.Itoa(i + 1)
		fmt.Printf(indent+"%-15s %8s %9s %9d\n", strings.TrimSuffix(before["Id"], ".service"),
			before["MainPID"], after["MainPID"], r.loads[0].PerWorker[instance]+r.loads[1].PerWorker[instance])
	}
	for _, report := range r.loads {
		for _, failure := range report.Errors {
			show(failure.String())
		}
	}
	fmt.Printf("\ndemo: %d workers rolled in %.2f s, %d requests, %d failed\n", rolled, r.took.Seconds(), requests, failed)
	if failed > 0 || rolled != web.Workers {
		return fmt.Errorf("wanted %d workers rolled and 0 requests failed", web.Workers)
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }
