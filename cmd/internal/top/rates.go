package top

import (
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
)

// Snapshot are the clusters at one moment.
type Snapshot struct {
	At       time.Time
	Clusters []overview.Cluster
}

// Rate is what a worker did between two snapshots, each second. Nil is unknown:
// the worker was not asked, does not tell, or was restarted in between.
type Rate struct {
	Requests, Errors *float64
	CPU              *float64 // of one processor
}

// rates are those of all workers, by cluster and unit.
func rates(before, after Snapshot) map[string]map[string]Rate {
	known := make(map[string]overview.Worker)
	for _, cluster := range before.Clusters {
		for _, worker := range cluster.Workers {
			known[worker.Unit] = worker
		}
	}
	seconds := after.At.Sub(before.At).Seconds()
	all := make(map[string]map[string]Rate, len(after.Clusters))
	for _, cluster := range after.Clusters {
		all[cluster.Name] = make(map[string]Rate, len(cluster.Workers))
		for _, worker := range cluster.Workers {
			old, ok := known[worker.Unit]
			if !ok || old.MainPID != worker.MainPID || worker.MainPID == 0 || seconds <= 0 {
				continue
			}
			rate := Rate{
				Requests: growth(old.Numbers.Requests, worker.Numbers.Requests, seconds),
				Errors:   growth(old.Numbers.Errors, worker.Numbers.Errors, seconds),
			}
			if old.CPU > 0 && worker.CPU >= old.CPU {
				used := (worker.CPU - old.CPU).Seconds() / seconds
				rate.CPU = &used
			}
			all[cluster.Name][worker.Unit] = rate
		}
	}
	return all
}

func growth(before, after *int64, seconds float64) *float64 {
	if before == nil || after == nil || *after < *before {
		return nil
	}
	rate := float64(*after-*before) / seconds
	return &rate
}

// total is the sum over the workers of a cluster, nil if none is known.
func total(rates map[string]Rate, of func(Rate) *float64) *float64 {
	var sum *float64
	for _, rate := range rates {
		if n := of(rate); n != nil {
			if sum == nil {
				sum = new(float64)
			}
			*sum += *n
		}
	}
	return sum
}

// skew is how much more the busiest worker in service does than the average: 1 is
// even. It is 0 if there is nothing to compare.
func skew(cluster overview.Cluster, rates map[string]Rate) float64 {
	sum, most, n := 0.0, 0.0, 0
	for _, worker := range cluster.Workers {
		rate := rates[worker.Unit].Requests
		if rate == nil || !worker.Serves() {
			continue
		}
		sum, most, n = sum+*rate, max(most, *rate), n+1
	}
	if n < 2 || sum == 0 {
		return 0
	}
	return most / (sum / float64(n))
}
