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

A cluster is one file, which apply brings about. deploy rolls a new release out
behind health gates, and takes it back if it is bad. systemd supervises; nothing
of clusterctl stays resident.

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
	flags.Bool("system", true, "talk to the system manager")
	root.MarkFlagsMutuallyExclusive("user", "system")
	for _, group := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Set a cluster up:", []*cobra.Command{newInitCommand(g), newExplainCommand(g), newGenerateCommand(g), newApplyCommand(g)}},
		{"Release:", []*cobra.Command{newDeployCommand(g), newRolloutCommand(g), newReleasesCommand(g)}},
		{"Operate:", []*cobra.Command{
			newStatusCommand(g), newTopCommand(g), newScaleCommand(g), newDrainCommand(g), newUndrainCommand(g),
			newStartCommand(g), newStopCommand(g), newRestartCommand(g),
		}},
		{"Find out:", []*cobra.Command{newLogsCommand(g), newEventsCommand(g), newDoctorCommand(g), newMetricsCommand(g)}},
	} {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title})
		for _, command := range group.commands {
			command.GroupID = group.title
		}
		root.AddCommand(group.commands...)
	}
	g.addCompletions(root)
	return root
}
