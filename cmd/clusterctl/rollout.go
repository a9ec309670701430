package main

import (
	"github.com/spf13/cobra"
)

func newRolloutCommand(g *global) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollout",
		Short: "Replace the workers of a cluster, batch by batch, behind gates",
		Args:  subcommandWanted,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRolloutRestartCommand(g), newRolloutReloadCommand(g), newRolloutUndoCommand(g),
		newRolloutStatusCommand(g), newRolloutHistoryCommand(g), newEngineCommand(g))
	cmd.AddCommand(newRolloutRequestCommands(g)...)
	return cmd
}
