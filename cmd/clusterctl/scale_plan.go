package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// scalePlan is what has to be done for a cluster to have the workers 1 to N.
// Workers with other names than numbers are somebody's own.
type scalePlan struct {
	// enable and start have the lowest instances first, disable and stop the
	// highest.
	enable, start, disable, stop []string
}

func (p scalePlan) isEmpty() bool {
	return len(p.enable)+len(p.start)+len(p.disable)+len(p.stop) == 0
}

func planScale(workers []overview.Worker, wanted int, isRunning bool) scalePlan {
	known := make(map[string]overview.Worker, len(workers))
	for _, worker := range workers {
		known[worker.Instance] = worker
	}
	var plan scalePlan
	for i := range wanted {
		instance := strconv.Itoa(i + 1)
		worker, seen := known[instance]
		if !worker.Enabled {
			plan.enable = append(plan.enable, instance)
		}
		if isRunning && (!seen || worker.ActiveState.Down()) {
			plan.start = append(plan.start, instance)
		}
	}
	for _, worker := range slices.Backward(workers) {
		number, err := strconv.Atoi(worker.Instance)
		if err != nil || number <= wanted {
			continue
		}
		if worker.Enabled {
			plan.disable = append(plan.disable, worker.Instance)
		}
		if !worker.ActiveState.Down() {
			plan.stop = append(plan.stop, worker.Instance)
		}
	}
	return plan
}

// parseScale reads "8", "+2", "-1", "auto" or "50%", for a cluster of so many
// workers.
func parseScale(text string, now int) (spec.Workers, error) {
	sign, digits := text[:min(1, len(text))], strings.TrimLeft(text, "+-")
	if sign != "+" && sign != "-" {
		workers, err := spec.ParseWorkers(text)
		if text == "0" {
			err = errors.New(`0 workers serve nobody: "systemctl disable --now" takes a cluster away`)
		}
		return workers, err
	}
	change, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || len(digits) != len(text)-1 {
		return spec.Workers{}, fmt.Errorf("%q: wanted a number more or fewer, such as +2", text)
	}
	if sign == "-" {
		if now-int(change) < 1 {
			return spec.Workers{}, fmt.Errorf("%s of %d workers leaves none", text, now)
		}
		return spec.WorkerNumber(now - int(change)), nil
	}
	return spec.ParseWorkers(strconv.Itoa(now + int(change)))
}

// numbered counts the workers that scale counts.
func numbered(workers []overview.Worker) int {
	n := 0
	for _, worker := range workers {
		if _, err := strconv.Atoi(worker.Instance); err == nil && worker.Enabled {
			n++
		}
	}
	return n
}

func unitNames(cluster string, instances []string) []string {
	names := make([]string, len(instances))
	for i, instance := range instances {
		names[i] = units.WorkerName(cluster, instance)
	}
	return names
}
