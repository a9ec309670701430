package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
)

type generateOptions struct {
	*global
	source  clusterSource
	place   unitPlace
	systemd int
	dryRun  bool
	diff    bool
	check   bool
}

func newGenerateCommand(g *global) *cobra.Command {
	o := &generateOptions{global: g}
	cmd := &cobra.Command{
		Use:   "generate [FILE.cluster | NAME]...",
		Short: "Write the systemd units of a cluster",
		Long: `Write the systemd units of the clusters that .cluster files describe, or of one
that --name, --exec, --workers and --listen describe without a file. The same
input gives the same bytes.

A NAME alone is looked for in /etc/clusterctl, /run/clusterctl,
/usr/local/lib/clusterctl and /usr/lib/clusterctl; --all is every cluster there.
An empty file or a link to /dev/null masks those of less weight. Drop-ins in
FILE.cluster.d/*.conf are read too.

Only what changes is written. Units that a cluster has no use for any more are
removed, and files that clusterctl has not written are never touched. A run that
is killed leaves the old units, or work that the next run finishes.

Units are for the running systemd, or for --systemd-version. A setting that it
does not have yet is a fault, but for these: before 253 Type=notify-reload is
Type=notify with an ExecReload= that sends SIGHUP, and before 254 a crashed worker
comes back after 1 s, and not after a pause that grows.`,
		Example: `  clusterctl generate web.cluster --diff --install
  clusterctl generate web.cluster --install
  clusterctl generate --all --root debian/web --systemd-version 252
  clusterctl generate --name web --exec '/usr/bin/web --flag' --workers 4 \
      --listen http=0.0.0.0:8080 --output units`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(cmd, args); err != nil {
				return usageError(err, "clusterctl generate --help")
			}
			return o.run(cmd.Context())
		},
	}
	cmd.AddCommand(newProbeCommand(g))
	flags := cmd.Flags()
	o.source.flags(flags)
	o.place.flags(flags)
	flags.IntVar(&o.systemd, "systemd-version", 0, "write units for systemd `N`, such as 252 (by default the running one)")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print the units and write nothing")
	flags.BoolVar(&o.diff, "diff", false, "print what would change, and write nothing")
	flags.BoolVar(&o.check, "check", false, "write nothing, and exit with 1 if something would change")
	cmd.MarkFlagsMutuallyExclusive("dry-run", "diff")
	cmd.MarkFlagsMutuallyExclusive("dry-run", "check")
	return cmd
}

func (o *generateOptions) complete(cmd *cobra.Command, args []string) error {
	if cmd.Flags().Changed("systemd-version") && (o.systemd < spec.OldestSystemd || o.systemd > 999) {
		return fmt.Errorf("--systemd-version %d: wanted a version from %d on", o.systemd, spec.OldestSystemd)
	}
	if err := o.place.complete(); err != nil {
		return err
	}
	if o.place.isNone() && (o.diff || o.check || !o.dryRun) {
		return errors.New("wanted --output DIR, --install, --runtime, --root DIR or --dry-run")
	}
	return o.source.complete(cmd, args, o.place.root)
}

func (o *generateOptions) run(ctx context.Context) error {
	sets, clusters, err := o.generate(ctx)
	if err != nil {
		return err
	}
	if o.dryRun {
		for _, set := range sets {
			for _, file := range set.Files {
				fmt.Fprintf(o.out, "# %s\n%s\n", file.Name, file.Data)
			}
		}
		return nil
	}
	dir, err := o.place.dir(o.mode())
	if err != nil {
		return err
	}
	if o.source.all {
		gone, err := generator.Orphans(dir, o.source.root, o.source.path)
		if err != nil {
			return err
		}
		for _, cluster := range gone {
			sets = append(sets, generator.Set{Cluster: cluster})
		}
	}
	places := []placed{{dir, sets}}
	if o.place.root != "" {
		presets, err := o.presets(sets, clusters)
		if err != nil {
			return err
		}
		places = append(places, presets)
	}
	if o.diff || o.check {
		return o.compare(places)
	}
	if !o.place.enables() {
		return o.write(places)
	}
	if err := o.disableGone(ctx, dir, sets); err != nil {
		return err
	}
	if err := o.write(places); err != nil {
		return err
	}
	return o.enable(ctx, clusters)
}

// placed is what a directory is to hold.
type placed struct {
	dir  string
	sets []generator.Set
}

// generate reads the clusters and returns their units. Masked clusters have none.
func (o *generateOptions) generate(ctx context.Context) ([]generator.Set, []*spec.Cluster, error) {
	if o.systemd == 0 {
		o.systemd = generator.RunningSystemd(ctx)
	}
	clusters, masked, err := o.source.load(o.mode())
	if err != nil {
		return nil, nil, usageError(err, "clusterctl generate --help")
	}
	var sets []generator.Set
	var faults []error
	for _, cluster := range clusters {
		files, err := generator.Generate(cluster, generator.Options{Mode: o.mode(), Systemd: o.systemd, Search: o.source.path})
		faults = append(faults, err)
		sets = append(sets, generator.Set{Cluster: cluster.Name, Files: files})
	}
	if err := errors.Join(faults...); err != nil {
		return nil, nil, usageError(err, "clusterctl generate --help")
	}
	for _, name := range masked {
		sets = append(sets, generator.Set{Cluster: name})
	}
	return sets, clusters, nil
}

func (o *generateOptions) compare(places []placed) error {
	for _, place := range places {
		plan, err := generator.NewPlan(place.dir, place.sets)
		if err != nil {
			return err
		}
		if o.diff {
			if _, err := o.out.Write(plan.Diff()); err != nil {
				return err
			}
		}
		if o.check && !plan.IsDone() {
			return fmt.Errorf("the units in %q are not what their .cluster files say", place.dir)
		}
	}
	return nil
}

func (o *generateOptions) write(places []placed) error {
	for _, place := range places {
		plan, err := generator.Write(place.dir, place.sets)
		if err != nil {
			return err
		}
		for _, change := range plan.Changes {
			fmt.Fprintf(o.out, "%s %s/%s\n", change.Did, plan.Dir, change.Name)
		}
	}
	return nil
}
