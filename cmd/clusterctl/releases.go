package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/cmd/internal/table"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/release"
	"github.com/clusterctl/clusterctl/units/rollout"
)

func newReleasesCommand(g *global) *cobra.Command {
	output, prune := "", 0
	cmd := &cobra.Command{
		Use:   "releases CLUSTER",
		Short: "List the releases of a cluster, their size, and who runs them",
		Example: `  clusterctl releases web
  clusterctl releases web --prune 3`,
		Args: exactly("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := validateClusterName(args[0]); err != nil {
				return err
			}
			if output != "" && output != "json" {
				return usageError(fmt.Errorf("--output %q: wanted \"json\"", output), "clusterctl releases --help")
			}
			switch {
			case !cmd.Flags().Changed("prune"):
				return g.listReleases(args[0], output)
			case prune < 1:
				return usageError(fmt.Errorf("--prune %d: wanted 1 or more", prune), "clusterctl releases --help")
			}
			return g.pruneReleases(args[0], prune)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", `"json" prints an array`)
	cmd.Flags().IntVar(&prune, "prune", 0, "keep `N` and remove the oldest beyond them, but none that a worker runs or an undo needs")
	cmd.MarkFlagsMutuallyExclusive("prune", "output")
	return cmd
}

// pruneReleases removes what nobody runs and nobody goes back to.
func (g *global) pruneReleases(cluster string, keep int) error {
	store, err := g.releases(cluster)
	if err != nil {
		return err
	}
	history, err := g.history(cluster)
	if err != nil {
		return err
	}
	runs, err := history.All()
	if err != nil {
		return err
	}
	removed, err := store.Prune(keep, rollout.Needed(runs)...)
	for _, name := range removed {
		fmt.Fprintf(g.out, "removed %s\n", name)
	}
	if err == nil && len(removed) == 0 {
		fmt.Fprintln(g.out, "nothing to remove: the other releases are in use, or needed for an undo")
	}
	return err
}

// listedRelease is a release with those that run it.
type listedRelease struct {
	release.Release
	Workers []string `json:"workers"`
}

func (g *global) listReleases(cluster, output string) error {
	store, err := g.releases(cluster)
	if err != nil {
		return err
	}
	all, err := store.List()
	if err != nil {
		return err
	}
	workers, err := store.Workers()
	if err != nil {
		return err
	}
	listed := make([]listedRelease, len(all))
	for i, r := range all {
		listed[i] = listedRelease{Release: r, Workers: workers[r.Name]}
		slices.SortFunc(listed[i].Workers, units.CompareInstances)
	}
	if output == "json" {
		return json.NewEncoder(g.out).Encode(listed)
	}
	if len(listed) == 0 {
		fmt.Fprintf(g.out, "cluster %q has no releases yet\n", cluster)
		return nil
	}
	rows := tabwriter.NewWriter(g.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(rows, "RELEASE\tADDED\tSIZE\tWORKERS\tDIGEST")
	for _, r := range listed {
		fmt.Fprintf(rows, "%s\t%s\t%s\t%s\t%.19s\n", r.Name, r.Added.Local().Format(time.DateTime), table.Bytes(uint64(r.Size)), table.Dash(strings.Join(r.Workers, ",")), r.Digest)
	}
	return rows.Flush()
}
