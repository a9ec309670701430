package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
)

type generateOptions struct {
	*global
	file    string
	name    string
	exec    string
	workers int
	listen  []string
	output  string
	systemd int
	dryRun  bool
}

func newGenerateCommand(g *global) *cobra.Command {
	o := &generateOptions{global: g}
	cmd := &cobra.Command{
		Use:   "generate [FILE.cluster | NAME]",
		Short: "Write the systemd units of a cluster",
		Long: `Write the systemd units of the cluster that a .cluster file describes, or that
--name, --exec, --workers and --listen describe without a file. A NAME alone is
looked for in /etc/clusterctl, /run/clusterctl, /usr/local/lib/clusterctl and
/usr/lib/clusterctl. Drop-ins in FILE.cluster.d/*.conf are read too. The same input
gives the same bytes. Files that clusterctl has not written are not touched.`,
		Example: `  clusterctl generate web.cluster --output /etc/systemd/system
  clusterctl generate web.cluster --dry-run
  clusterctl generate --name web --exec '/usr/bin/web --flag' --workers 4 \
      --listen http=0.0.0.0:8080 --output units`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(cmd, args); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.output, "output", "o", "", "the directory to write the units to; it must exist")
	flags.IntVar(&o.systemd, "systemd-version", 0, "the systemd that the units are for, such as 252 (the default is the running one)")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print the units and write nothing")
	flags.StringVar(&o.name, "name", "", "the name of the cluster, in place of a file")
	flags.StringVar(&o.exec, "exec", "", "the command line of a worker, as ExecStart= takes it")
	flags.IntVar(&o.workers, "workers", spec.DefaultWorkers, "how many workers")
	flags.StringArrayVar(&o.listen, "listen", nil, "a listener, NAME=ADDRESS; may be given several times")
	return cmd
}

func (o *generateOptions) complete(cmd *cobra.Command, args []string) error {
	help := "clusterctl generate --help"
	switch {
	case len(args) > 1:
		return usageError(fmt.Errorf("wanted one FILE.cluster or NAME, got %d", len(args)), "%s", help)
	case len(args) == 1 && o.withoutFile(cmd):
		return usageError(fmt.Errorf("%q and --name, --exec, --workers or --listen exclude each other: the file says it all", args[0]), "%s", help)
	case len(args) == 0 && !o.withoutFile(cmd):
		return usageError(errors.New("wanted a FILE.cluster or a NAME, or --name, --exec and --listen"), "%s", help)
	case o.output == "" && !o.dryRun:
		return usageError(errors.New("wanted --output DIR or --dry-run"), "%s", help)
	}
	if cmd.Flags().Changed("systemd-version") && (o.systemd < spec.OldestSystemd || o.systemd > 999) {
		return usageError(fmt.Errorf("--systemd-version %d: wanted a version from %d on", o.systemd, spec.OldestSystemd), "%s", help)
	}
	if len(args) == 1 {
		o.file = args[0]
	}
	return nil
}

func (o *generateOptions) withoutFile(cmd *cobra.Command) bool {
	for _, flag := range []string{"name", "exec", "workers", "listen"} {
		if cmd.Flags().Changed(flag) {
			return true
		}
	}
	return false
}

func (o *generateOptions) run(ctx context.Context) error {
	cluster, err := o.cluster()
	if err != nil {
		return usageError(err, "clusterctl generate --help")
	}
	if o.systemd == 0 {
		o.systemd = runningSystemd(ctx)
	}
	files, err := generator.Generate(cluster, generator.Options{Mode: o.mode(), Systemd: o.systemd})
	if err != nil {
		return usageError(err, "clusterctl generate --help")
	}
	if o.dryRun {
		for _, file := range files {
			fmt.Fprintf(o.out, "# %s\n%s\n", file.Name, file.Data)
		}
		return nil
	}
	return o.write(files)
}

func (o *generateOptions) mode() generator.Mode {
	if o.user {
		return generator.User
	}
	return generator.System
}

func (o *generateOptions) cluster() (*spec.Cluster, error) {
	if o.file == "" {
		return spec.New(o.name, o.exec, o.workers, o.listen)
	}
	path := generator.SearchPath(o.mode(), os.Getenv)
	found, err := generator.FindFile(o.file, path)
	if !strings.ContainsRune(o.file, '/') && !strings.HasSuffix(o.file, ".cluster") {
		found, err = generator.FindName(o.file, path)
	}
	if err != nil {
		return nil, err
	}
	return found.Load()
}

func (o *generateOptions) write(files []generator.File) error {
	changes, err := generator.Write(o.output, files)
	if err != nil {
		return err
	}
	for _, change := range changes {
		fmt.Fprintf(o.out, "%s %s\n", change.Did, strings.TrimSuffix(o.output, "/")+"/"+change.Name)
	}
	return nil
}
