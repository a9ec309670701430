package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
)

// drainPause is between two looks at what is left of a drain: a worker says it on
// its admin socket alone, to who asks.
const drainPause = 200 * time.Millisecond

func newDrainCommand(g *global) *cobra.Command {
	o := &operation{global: g, verb: "drain"}
	wait, timeout := false, time.Duration(0)
	cmd := &cobra.Command{
		Use:   "drain CLUSTER@WORKER...",
		Short: "Take workers out of service without stopping them",
		Long: `Take workers out of service: each accepts nothing more, finishes what it has, lets
its clients go to the others, and stays alive, to be looked at. "undrain" puts it
back, and so does a restart of the worker, a rollout's too.

The worker has to know how: it does with the activation library, or by the
contract of a worker. Others can be stopped.`,
		Example: `  clusterctl drain web@3
  clusterctl drain web@3 --wait --timeout 30s`,
		Args: someWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			if timeout < 0 {
				return usageError(fmt.Errorf("--timeout %s: wanted 0 or more", timeout), "clusterctl drain --help")
			}
			o.cluster, o.instances = splitWorkers(args)
			if err := validateClusterName(o.cluster); err != nil {
				return err
			}
			if err := o.drain(cmd.Context()); err != nil || !wait {
				return err
			}
			return o.awaitDrained(cmd.Context(), timeout)
		},
	}
	o.forceFlag(cmd.Flags())
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the workers have no connection left")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "end the waiting after this time, such as 30s, and not the drain; 0 means never")
	return cmd
}

func newUndrainCommand(g *global) *cobra.Command {
	o := &operation{global: g, verb: "undrain"}
	return &cobra.Command{
		Use:     "undrain CLUSTER@WORKER...",
		Short:   "Put workers back into service",
		Long:    `Put workers that a drain took out of service back.`,
		Example: "  clusterctl undrain web@3",
		Args:    someWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster, o.instances = splitWorkers(args)
			if err := validateClusterName(o.cluster); err != nil {
				return err
			}
			return o.undrain(cmd.Context())
		},
	}
}

func (o *operation) drain(ctx context.Context) error {
	s, err := o.begin(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	if err := o.mayTake(s, o.instances); err != nil {
		return err
	}
	client := o.admin(o.cluster)
	for _, worker := range s.named(o.instances) {
		if worker.Says.OutOfService() {
			fmt.Fprintf(o.out, "%s is out of service already\n", worker.Unit)
			continue
		}
		if err := client.Drain(ctx, worker.Instance); err != nil {
			return o.unanswered(worker, err)
		}
		fmt.Fprintf(o.out, "%s is out of service\n", worker.Unit)
		o.told().Drained(worker.Instance)
	}
	return nil
}

func (o *operation) undrain(ctx context.Context) error {
	s, err := o.begin(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	client := o.admin(o.cluster)
	for _, worker := range s.named(o.instances) {
		if worker.Serves() && worker.Says != "" {
			fmt.Fprintf(o.out, "%s is in service already\n", worker.Unit)
			continue
		}
		if err := client.Undrain(ctx, worker.Instance); err != nil {
			return o.unanswered(worker, err)
		}
		fmt.Fprintf(o.out, "%s is in service again\n", worker.Unit)
		o.told().Undrained(worker.Instance)
	}
	return nil
}

// named are workers of the scene in the order in which they were named.
func (s *scene) named(instances []string) []overview.Worker {
	var named []overview.Worker
	for _, instance := range instances {
		for _, worker := range s.Workers {
			if worker.Instance == instance {
				named = append(named, worker)
			}
		}
	}
	return named
}

// unanswered says why a worker did not do what it was asked for.
func (o *operation) unanswered(worker overview.Worker, err error) error {
	name := o.cluster + "@" + worker.Instance
	refused := func(hint, format string, args ...any) error {
		return &commandError{code: exitRefused, hint: hint, err: fmt.Errorf("%s %q: "+format, append([]any{o.verb, worker.Unit}, args...)...)}
	}
	var answer *admin.AnswerError
	switch {
	case !worker.ActiveState.Serving():
		return refused("clusterctl start "+name, "it is %s", worker.State())
	case errors.Is(err, fs.ErrPermission), errors.As(err, &answer) && answer.Status == http.StatusForbidden:
		return refused("run it as root (sudo), or as the user of the workers", "%w", err)
	case errors.Is(err, admin.ErrNobody):
		return refused("clusterctl stop "+name+"   # stops it instead", "%w", err)
	case errors.As(err, &answer) && answer.Status != http.StatusConflict:
		return refused("clusterctl stop "+name+"   # stops it instead", "it can't: it answered %w", answer)
	case answer != nil:
		return refused("clusterctl status "+o.cluster, "%s", answer.Text)
	}
	return &commandError{code: exitFailed, hint: "clusterctl logs " + name + " -n 50", err: fmt.Errorf("%s %q: %w", o.verb, worker.Unit, err)}
}

// awaitDrained waits until no connection is left. A worker that was put back
// meanwhile, or is gone, is waited for no longer.
func (o *operation) awaitDrained(ctx context.Context, timeout time.Duration) error {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not within %s", timeout))
		defer cancel()
	}
	client := o.admin(o.cluster)
	for _, instance := range o.instances {
		for {
			stats, err := client.Stats(ctx, instance)
			if ctx.Err() != nil {
				return &commandError{
					code: exitStillGoing, hint: "clusterctl status " + o.cluster,
					err: fmt.Errorf("wait for %q to have no connection left: %w", units.WorkerName(o.cluster, instance), context.Cause(ctx)),
				}
			}
			if err != nil {
				return fmt.Errorf("wait for %q to have no connection left: %w", units.WorkerName(o.cluster, instance), err)
			}
			if stats.State != admin.Draining {
				fmt.Fprintf(o.out, "%s is %s\n", units.WorkerName(o.cluster, instance), stats.State)
				break
			}
			select {
			case <-time.After(drainPause):
			case <-ctx.Done():
			}
		}
	}
	return nil
}
