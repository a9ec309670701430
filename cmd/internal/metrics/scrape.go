package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
)

var (
	buildInfo      = gauge("build_info", "Which exporter this is; the value is always 1.", "version", "goversion")
	scrapeDuration = gauge("scrape_duration_seconds", "How long it took to look at the cluster.", "cluster")
	scrapeErrors   = gauge("scrape_errors", "Questions that failed when the cluster was looked at. What they would have told has no sample.", "cluster", "source")
)

// Source is what is asked about a cluster.
type Source string

// The sources.
const (
	Units   Source = "units"   // systemd, for the units
	State   Source = "state"   // the disk and the kernel, for rollouts, releases and accept queues
	Workers Source = "workers" // the workers, on their admin sockets
)

var sources = []Source{Units, State, Workers}

// Cluster is what was read of one cluster.
type Cluster struct {
	Name string
	// Seen is nil if the units could not be read. Without its policy, releases,
	// rollout and queues it is partial.
	Seen    *overview.Seen
	Partial bool
	// Kept is how many releases are on the disk.
	Kept   int
	Took   time.Duration
	Errors map[Source]int
}

// Scrape is what was read of all clusters of a manager at one moment.
type Scrape struct {
	Version  string // of the program
	Clusters []Cluster
}

// Gatherer has the metrics of the scrape.
func (s Scrape) Gatherer() prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{s})
	return registry
}

// collector is the scrape as the registry wants it.
type collector struct{ Scrape }

func (collector) Describe(descs chan<- *prometheus.Desc) {
	for _, f := range families {
		descs <- f.desc
	}
}

func (c collector) Collect(metrics chan<- prometheus.Metric) {
	out := samples(metrics)
	out.add(buildInfo, 1, c.Version, runtime.Version())
	for _, cluster := range c.Clusters {
		out.add(scrapeDuration, cluster.Took.Seconds(), cluster.Name)
		for _, source := range sources {
			out.add(scrapeErrors, float64(cluster.Errors[source]), cluster.Name, string(source))
		}
		if cluster.Seen != nil {
			out.cluster(cluster)
		}
	}
}
