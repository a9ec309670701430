package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/cmd/internal/table"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type rolloutHistoryOptions struct {
	*global
	cluster  string
	revision int
	output   string
}

func newRolloutHistoryCommand(g *global) *cobra.Command {
	o := &rolloutHistoryOptions{global: g}
	cmd := &cobra.Command{
		Use:   "history CLUSTER",
		Short: "List the rollouts of a cluster, or show one of them",
		Long: `List the rollouts of a cluster, the newest last: release, outcome, when it was
begun and how long it took, who asked for it, and why it did not go through.`,
		Example: `  clusterctl rollout history web
  clusterctl rollout history web --revision 3`,
		Args: exactly("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster = args[0]
			if err := validateClusterName(o.cluster); err != nil {
				return err
			}
			if o.output != "" && o.output != "json" {
				return usageError(fmt.Errorf("--output %q: wanted \"json\"", o.output), "clusterctl rollout history --help")
			}
			return o.run()
		},
	}
	cmd.Flags().IntVar(&o.revision, "revision", 0, "show revision `N`, each worker with it")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", `"json" prints all that was recorded`)
	return cmd
}

func (o *rolloutHistoryOptions) run() error {
	history, err := o.history(o.cluster)
	if err != nil {
		return err
	}
	runs, err := history.All()
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return &commandError{code: exitFailed, hint: "clusterctl rollout restart " + o.cluster, err: fmt.Errorf("cluster %q has had no rollout yet", o.cluster)}
	}
	if o.revision != 0 {
		return o.printOne(runs)
	}
	if o.output == "json" {
		return json.NewEncoder(o.out).Encode(runs)
	}
	rows := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(rows, "REVISION\tRELEASE\tOUTCOME\tSTARTED\tTOOK\tBY\tREASON")
	for _, run := range runs {
		fmt.Fprintf(rows, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", run.Revision, table.Dash(run.Release), run.Phase,
			run.Started.Local().Format(time.DateTime), took(run), run.By, table.Dash(string(run.Why().Reason)))
	}
	return rows.Flush()
}

func (o *rolloutHistoryOptions) printOne(runs []rollout.Run) error {
	for _, run := range runs {
		if run.Revision != o.revision {
			continue
		}
		if o.output == "json" {
			return json.NewEncoder(o.out).Encode(run)
		}
		fmt.Fprintln(o.out, rollout.Describe(run))
		rows := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(rows, "WORKER\tSTEP\tFROM\tTO\tJOB\tBACK")
		for _, instance := range run.Workers {
			step, back := run.Steps[instance], run.Back[instance]
			fmt.Fprintf(rows, "%s\t%s\t%s\t%s\t%s\t%s\n", units.WorkerName(run.Cluster, instance),
				table.Dash(string(step.State)), table.Dash(step.From), table.Dash(step.Release), table.Dash(string(step.Result)), table.Dash(string(back.State)))
		}
		return rows.Flush()
	}
	return &commandError{code: exitFailed, hint: "clusterctl rollout history " + o.cluster, err: fmt.Errorf("cluster %q has no revision %d", o.cluster, o.revision)}
}

func took(run rollout.Run) string {
	if !run.Phase.Over() {
		return "-"
	}
	return fmt.Sprintf("%.2f s", run.Ended.Sub(run.Started).Seconds())
}
