package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/cmd/internal/doctor"
	"github.com/clusterctl/clusterctl/cmd/internal/survey"
	"github.com/clusterctl/clusterctl/cmd/internal/table"
	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type doctorOptions struct {
	*global
	clusters []string
	output   string
	list     bool
}

func newDoctorCommand(g *global) *cobra.Command {
	o := &doctorOptions{global: g}
	cmd := &cobra.Command{
		Use:   "doctor [CLUSTER]...",
		Short: "Find what is wrong with clusters, and say the command that mends it",
		Long: `Prove what must hold for a cluster to lose no request: its sockets, the listeners
that workers hold, limits, settings, drop-ins, releases, rollouts and the clock.
Without a name it looks at all clusters; the host is looked at in any case.

A finding is a line, and below it the command that mends it. Nothing is changed.
What could not be seen without root is told on standard error.

Exit codes: 0 nothing was found, 1 something was found, warnings too.`,
		Example: `  clusterctl doctor
  clusterctl doctor web
  clusterctl doctor -o json | jq -r '.findings[].mend'
  clusterctl doctor --list      # every check, and why it matters`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.clusters = args
			if err := o.validate(); err != nil {
				return err
			}
			if o.list {
				return o.printList()
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "", `"json" prints an object`)
	cmd.Flags().BoolVar(&o.list, "list", false, "print the checks and why each of them matters, and look at nothing")
	return cmd
}

func (o *doctorOptions) validate() error {
	if o.output != "" && o.output != "json" {
		return usageError(fmt.Errorf("--output %q: wanted \"json\"", o.output), "clusterctl doctor --help")
	}
	for _, cluster := range o.clusters {
		if err := validateClusterName(cluster); err != nil {
			return err
		}
	}
	return nil
}

// listedCheck is a check of --list.
type listedCheck struct {
	Check    string          `json:"check"`
	Severity doctor.Severity `json:"severity"`
	Why      string          `json:"why"`
}

func (o *doctorOptions) printList() error {
	var listed []listedCheck
	for _, check := range doctor.Checks {
		listed = append(listed, listedCheck{check.Name, check.Severity, check.Why})
	}
	if o.output == "json" {
		return json.NewEncoder(o.out).Encode(listed)
	}
	for _, check := range listed {
		fmt.Fprintf(o.out, "%s (%s)\n    %s\n", check.Check, check.Severity, check.Why)
	}
	return nil
}

// diagnosis is what -o json prints.
type diagnosis struct {
	Clusters []string         `json:"clusters"` // that were looked at
	Findings []doctor.Finding `json:"findings"`
	Unseen   []survey.Unseen  `json:"unseen"`
}

func (o *doctorOptions) run(ctx context.Context) error {
	systemd, err := bus.OpenReader(ctx, o.manager())
	if err != nil {
		return err
	}
	defer systemd.Close()
	found, err := o.examine(ctx, systemd)
	if err != nil {
		return err
	}
	if o.output == "json" {
		encoder := json.NewEncoder(o.out)
		encoder.SetEscapeHTML(false) // commands have & and > in them
		err = encoder.Encode(found)
	} else {
		err = o.print(found)
	}
	if err != nil || len(found.Findings) == 0 {
		return err
	}
	return &silentExit{exitFailed}
}

func (o *doctorOptions) examine(ctx context.Context, systemd *bus.Reader) (diagnosis, error) {
	found := diagnosis{Clusters: o.clusters, Unseen: []survey.Unseen{}}
	if len(o.clusters) == 0 {
		var err error
		if found.Clusters, err = systemd.Clusters(ctx); err != nil {
			return found, err
		}
		if found.Clusters == nil {
			found.Clusters = []string{} // an array in JSON too
		}
	}
	state, err := o.stateRoot()
	if err != nil {
		return found, err
	}
	surveyor := survey.Surveyor{
		Systemd: systemd, Mode: o.mode(), StateDir: state, RuntimeDir: o.runtimeDir(),
		Search: generator.SearchPath(o.mode(), os.Getenv),
	}
	host, unseen := surveyor.Host(ctx)
	found.Findings = doctor.ExamineHost(host)
	found.Unseen = append(found.Unseen, unseen...)
	for _, name := range found.Clusters {
		cluster, unseen, err := surveyor.Cluster(ctx, name)
		if err != nil {
			return found, err
		}
		if cluster.Service.LoadState == units.NotFound {
			return found, rollout.PrecheckExists(cluster.Cluster)
		}
		found.Findings = append(found.Findings, doctor.Examine(cluster)...)
		found.Unseen = append(found.Unseen, unseen...)
	}
	return found, nil
}

// print says what was found, or that nothing was.
func (o *doctorOptions) print(found diagnosis) error {
	shown := shownOn(o.out)
	for _, f := range found.Findings {
		severity := shown.Paint(severityStyle(f.Severity), string(f.Severity))
		_, err := fmt.Fprintf(o.out, "%s: %s: %s: %s (%s)\nhint: %s\n", severity, cmp.Or(f.Cluster, "host"), f.Subject, table.Printable(f.Message), f.Check, f.Mend)
		if err != nil {
			return err
		}
	}
	for _, u := range found.Unseen {
		fmt.Fprintf(o.err, "not seen: %s: %s: %s\n", cmp.Or(u.Cluster, "host"), u.What, u.Why)
	}
	if len(found.Findings) > 0 {
		return nil
	}
	_, err := fmt.Fprintln(o.out, healthy(found))
	return err
}

// healthy is what is said when nothing was found.
func healthy(found diagnosis) string {
	subject := "the host, which has no clusters"
	if len(found.Clusters) > 0 {
		subject = plural(len(found.Clusters), "cluster") + " (" + strings.Join(found.Clusters, ", ") + ") and the host"
	}
	if len(found.Unseen) > 0 {
		return "nothing was found in what could be seen: " + subject
	}
	return "healthy: " + subject
}

func severityStyle(severity doctor.Severity) table.Style {
	if severity == doctor.Error {
		return table.Bad
	}
	return table.Odd
}
