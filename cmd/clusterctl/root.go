package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/units/bus"
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// version is written in by the build: -ldflags "-X main.version=1.2.3".
var version = "devel"

// run is the whole program: the arguments in, the exit code out.
func run(ctx context.Context, args []string, io streams) int {
	root := newRootCommand(io)
	root.SetArgs(args)
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	if err := root.ExecuteContext(ctx); err != nil {
		return explain(io.err, err)
	}
	return exitDone
}

// global holds the flags that every command has.
type global struct {
	streams
	user bool
}

func (g *global) manager() bus.Manager {
	if g.user {
		return bus.User
	}
	return bus.System
}

// mode is the manager that units are for.
func (g *global) mode() generator.Mode {
	if g.user {
		return generator.User
	}
	return generator.System
}

func newRootCommand(io streams) *cobra.Command {
	g := &global{streams: io}
	root := &cobra.Command{
		Use:   "clusterctl",
		Short: "Several workers on one systemd socket, and new releases without a lost request",
		Long: `clusterctl runs several workers of a web service on one listening socket that
systemd owns, and replaces them one after the other without losing a request.

It writes the systemd units of a cluster (generate) and rolls the workers behind
health gates (rollout). systemd supervises; nothing of clusterctl stays resident.

Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 rolled back,
4 still going, 5 held, 6 refused (nothing was changed).`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          subcommandWanted,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(err, "%s --help", cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.BoolVar(&g.user, "user", false, "talk to the user manager of this login")
	flags.Bool("system", true, "talk to the system manager (the default)")
	root.MarkFlagsMutuallyExclusive("user", "system")
	root.AddCommand(
		newStatusCommand(g),
		newScaleCommand(g),
		newDrainCommand(g),
		newUndrainCommand(g),
		newStartCommand(g),
		newStopCommand(g),
		newRestartCommand(g),
		newInitCommand(g),
		newExplainCommand(g),
		newGenerateCommand(g),
		newApplyCommand(g),
		newDeployCommand(g),
		newRolloutCommand(g),
		newReleasesCommand(g),
		newLogsCommand(g),
		newDoctorCommand(g),
		newEventsCommand(g),
		newMetricsCommand(g),
	)
	return root
}
