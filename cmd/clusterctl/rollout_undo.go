package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/units/rollout"
)

type rolloutUndoOptions struct {
	rolloverOptions
	toRevision int
}

func newRolloutUndoCommand(g *global) *cobra.Command {
	o := &rolloutUndoOptions{rolloverOptions: rolloverOptions{global: g, order: order{verb: rollout.Restart}}}
	cmd := &cobra.Command{
		Use:   "undo CLUSTER",
		Short: "Roll back to the release before, or to that of a revision",
		Long: `Roll the workers to the release that the cluster ran before the one that it runs
now, or to that of a revision ("clusterctl rollout history" lists them). It is a
rollout like any other, with the same gates.`,
		Example: `  clusterctl rollout undo web
  clusterctl rollout undo web --to-revision 3`,
		Args: exactly("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster = args[0]
			if err := o.launchFlags.validate(cmd.CommandPath()); err != nil {
				return err
			}
			if err := validateClusterName(o.cluster); err != nil {
				return err
			}
			if o.toRevision < 0 {
				return usageError(fmt.Errorf("--to-revision %d: wanted the number of a revision", o.toRevision), "clusterctl rollout history %s", o.cluster)
			}
			if err := o.target(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.add(cmd.Flags())
	o.addDryRun(cmd.Flags())
	cmd.Flags().IntVar(&o.toRevision, "to-revision", 0, "go to the release of revision `N`; 0 is the release before the current one")
	return cmd
}

// target finds the release to go to.
func (o *rolloutUndoOptions) target() error {
	history, err := o.history(o.cluster)
	if err != nil {
		return err
	}
	runs, err := history.All()
	if err != nil {
		return err
	}
	refuse := func(format string, args ...any) error {
		return &rollout.Refusal{Message: fmt.Sprintf(format, args...), Hint: "clusterctl rollout history " + o.cluster}
	}
	if o.toRevision == 0 {
		if o.release = rollout.BeforeLast(runs); o.release == "" {
			return refuse("cluster %q has no release to go back to: no other one was rolled out whole", o.cluster)
		}
		return nil
	}
	for _, run := range runs {
		if run.Revision == o.toRevision {
			if run.Release == "" {
				return refuse("revision %d of cluster %q was a %s and has no release to go back to", run.Revision, o.cluster, run.Verb)
			}
			o.release = run.Release
			return nil
		}
	}
	return refuse("cluster %q has no revision %d", o.cluster, o.toRevision)
}
