package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/cmd/internal/table"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type statusOptions struct {
	*global
	clusters []string // all if there is none
	output   string
	watch    bool
}

// garbage is how much may lie about, in per cent of what is in use: a look is over
// before it would be worth collecting.
const garbage = 800

// The forms of status.
var statusOutputs = []string{"", "wide", "json", "yaml", "name"}

func newStatusCommand(g *global) *cobra.Command {
	o := &statusOptions{global: g}
	cmd := &cobra.Command{
		Use:   "status [CLUSTER]",
		Short: "Show the clusters, or one of them with its workers",
		Long: `Show all clusters, a line each; or one cluster, its listeners with their accept
queues, its rollout and its workers. What stands in the way follows, with the
command that mends it or tells more.

Of a cluster of more than 100 workers those that are as they should be share a
line; -o wide, json, yaml and name list them all. What can't be known is "-":
health and requests are for root and the workers' own user to ask.

The exit code says whether the clusters could be looked at, and not how they are.`,
		Example: `  clusterctl status
  clusterctl status web
  clusterctl status web --watch
  clusterctl status web -o json | jq '.problems'`,
		Args: atMost("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.clusters = args
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "", `"wide", "json", "yaml" or "name"`)
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on and print each change of a worker, until Ctrl-C")
	return cmd
}

func (o *statusOptions) validate() error {
	if !slices.Contains(statusOutputs, o.output) {
		return usageError(fmt.Errorf(`--output %q: wanted "wide", "json", "yaml" or "name"`, o.output), "clusterctl status --help")
	}
	for _, cluster := range o.clusters {
		if err := validateClusterName(cluster); err != nil {
			return err
		}
	}
	return nil
}

func (o *statusOptions) run(ctx context.Context) error {
	if o.watch {
		return o.follow(ctx)
	}
	debug.SetGCPercent(garbage)
	systemd, err := bus.OpenReader(ctx, o.manager())
	if err != nil {
		return err
	}
	defer systemd.Close()
	names := o.clusters
	if len(names) == 0 {
		if names, err = systemd.Clusters(ctx); err != nil {
			return err
		}
	}
	clusters := make([]overview.Cluster, len(names))
	for i, name := range names {
		if clusters[i], err = o.look(ctx, systemd, name, o.choice()); err != nil {
			return err
		}
	}
	return o.print(clusters)
}

func (o *statusOptions) choice() overview.Choice {
	switch o.output {
	case "wide", "json", "yaml":
		return overview.Everyone
	case "name":
		return overview.Nobody
	}
	return overview.Notable
}

// look is the cluster as it is now.
func (g *global) look(ctx context.Context, systemd *bus.Reader, cluster string, choose overview.Choice) (overview.Cluster, error) {
	collector, err := g.collector(systemd)
	if err != nil {
		return overview.Cluster{}, err
	}
	seen, err := collector.Look(ctx, cluster, choose)
	if err != nil {
		return overview.Cluster{}, err
	}
	if err := rollout.PrecheckExists(seen.Cluster); err != nil {
		return overview.Cluster{}, err
	}
	return overview.Of(seen), nil
}

func (o *statusOptions) print(clusters []overview.Cluster) error {
	one := len(o.clusters) == 1
	switch {
	case o.output == "name":
		return printNames(o.out, clusters, one)
	case o.output == "json" && one:
		return json.NewEncoder(o.out).Encode(clusters[0])
	case o.output == "json":
		return json.NewEncoder(o.out).Encode(clusters)
	case o.output == "yaml" && one:
		return printYAML(o.out, clusters[0])
	case o.output == "yaml":
		return printYAML(o.out, clusters)
	case one:
		workers := workerTable(clusters[0].Workers, columns(o.output), time.Now())
		return printCluster(o.out, clusters[0], workers, table.OutputOf(o.out))
	case len(clusters) == 0:
		fmt.Fprintln(o.err, "no clusters\nhint: clusterctl init   # writes a .cluster file to begin with")
		return nil
	}
	return printClusters(o.out, clusters, table.OutputOf(o.out))
}

// printNames prints the workers of one cluster, or the clusters.
func printNames(w io.Writer, clusters []overview.Cluster, one bool) error {
	for _, c := range clusters {
		if !one {
			if _, err := fmt.Fprintln(w, c.Name); err != nil {
				return err
			}
			continue
		}
		for _, worker := range c.Workers {
			if _, err := fmt.Fprintln(w, worker.Unit); err != nil {
				return err
			}
		}
	}
	return nil
}
