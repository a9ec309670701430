package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/units"
)

func newRestartCommand(g *global) *cobra.Command {
	o := &operation{global: g, verb: "restart"}
	cmd := o.command("Restart workers, one after the other", `Restart workers, one after the other. Each drains before it ends, and is ready again
before the next one's turn comes; the first that does not come back ends it. To
restart all of them behind the gates of the policy there is "rollout restart".`, func(ctx context.Context, s *scene) error {
		for _, worker := range s.named(o.instances) {
			if err := o.mayTake(s, []string{worker.Instance}); err != nil {
				return err
			}
			if err := o.do(ctx, worker.Unit, s.conn.Restart, "restarted"); err != nil {
				return err
			}
		}
		return nil
	})
	o.forceFlag(cmd.Flags())
	return cmd
}

func newStopCommand(g *global) *cobra.Command {
	o := &operation{global: g, verb: "stop"}
	cmd := o.command("Stop workers until they are started again", `Stop workers: each drains, and stays stopped until it or its cluster is started, or
until the next boot. For good there is "scale".`, func(ctx context.Context, s *scene) error {
		if err := o.mayTake(s, o.instances); err != nil {
			return err
		}
		workers := s.named(o.instances)
		errs := make([]error, len(workers))
		var stopping sync.WaitGroup
		for i, worker := range workers {
			stopping.Go(func() { errs[i] = o.do(ctx, worker.Unit, s.conn.Stop, "stopped") })
		}
		stopping.Wait()
		return errors.Join(errs...)
	})
	o.forceFlag(cmd.Flags())
	return cmd
}

func newStartCommand(g *global) *cobra.Command {
	o := &operation{global: g, verb: "start"}
	return o.command("Start workers that are stopped", `Start workers of the cluster that are stopped or have failed. For more workers
there is "scale".`, func(ctx context.Context, s *scene) error {
		for _, worker := range s.named(o.instances) {
			start := s.conn.Start
			if worker.WaitsForRestart() {
				start = s.conn.Restart // or it would go on waiting
			}
			if err := o.do(ctx, worker.Unit, start, "started"); err != nil {
				return err
			}
		}
		return nil
	})
}

// command is a verb for workers by name.
func (o *operation) command(short, long string, do func(context.Context, *scene) error) *cobra.Command {
	return &cobra.Command{
		Use:     o.verb + " CLUSTER@WORKER...",
		Short:   short,
		Long:    long,
		Example: fmt.Sprintf("  clusterctl %s web@3\n  clusterctl %s web @3 @4", o.verb, o.verb),
		Args:    someWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster, o.instances = splitWorkers(args)
			if err := validateClusterName(o.cluster); err != nil {
				return err
			}
			s, err := o.begin(cmd.Context())
			if err != nil {
				return err
			}
			defer s.done()
			return do(cmd.Context(), s)
		},
	}
}

// do queues the job for a worker, waits for it and says how it ended.
func (o *operation) do(ctx context.Context, unit string, job func(context.Context, string) (units.JobResult, error), done string) error {
	result, err := job(ctx, unit)
	if err != nil {
		return err
	}
	if result != units.JobDone {
		o.printLastLines(unit, "")
		instance, _ := units.Instance(o.cluster, unit)
		return &commandError{
			code: exitFailed, hint: fmt.Sprintf("clusterctl logs %s@%s -n 50", o.cluster, instance),
			err: fmt.Errorf("%s %q: the job ended with the result %q", o.verb, unit, result),
		}
	}
	_, err = fmt.Fprintf(o.out, "%s %s\n", unit, done)
	return err
}
