package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Who adds a command that takes a cluster gives it a completion too.
func TestCompletion_EveryCluster(t *testing.T) {
	everyCommand(newRootCommand(streams{}), func(cmd *cobra.Command) {
		_, args, _ := strings.Cut(cmd.Use, " ")
		if !cmd.Hidden && strings.Contains(args, "CLUSTER") && cmd.ValidArgsFunction == nil {
			t.Errorf("%s: no completion, see addCompletions", cmd.CommandPath())
		}
	})
}
