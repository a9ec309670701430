package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// reconnectPause is between two attempts to reach a message bus that has gone.
const reconnectPause = 200 * time.Millisecond

// watched is a rollout that somebody looks at.
type watched struct {
	cluster  string
	revision int
	output   string
}

// watch tells how a rollout goes until it is over, and returns what its end
// means for whoever asked for it. The end of the context ends the watching and
// not the rollout.
func (g *global) watch(ctx context.Context, conn *bus.Conn, w watched) error {
	history, err := g.history(w.cluster)
	if err != nil {
		return err
	}
	tail, err := history.Tail(w.revision)
	if err != nil {
		return err
	}
	defer tail.Close()
	progress := newProgress(g.out, w.output)
	defer progress.close()

	run, err := g.follow(ctx, conn, w.cluster, func() (rollout.Run, error) { return tail.Each(progress.report) })
	progress.close()
	if err != nil {
		return err
	}
	return g.outcome(run)
}

// follow reads the journal whenever the engine has said something, until the
// rollout is over or its engine has gone. The unit of the engine may outlive the
// rollout for a moment; nobody needs to wait for that.
func (g *global) follow(ctx context.Context, conn *bus.Conn, cluster string, read func() (rollout.Run, error)) (rollout.Run, error) {
	engine := conn.Service(units.RolloutName(cluster))
	for {
		run, err := read()
		if err != nil || ctx.Err() != nil || run.Phase.Over() || run.WaitsForSomebody() {
			return run, err
		}
		service, err := engine.Read(ctx)
		switch {
		case err == nil && service.ActiveState.Down():
			// What it wrote last may have come after the look at the journal.
			if run, err = read(); err == nil && !run.Phase.Over() {
				run.Phase, run.Message = rollout.Interrupted, "its engine has gone"
			}
			return run, err
		case err != nil && !isAway(err) && ctx.Err() == nil:
			return run, err
		}
		select {
		case <-engine.Changes():
		case <-ctx.Done():
		case <-engine.Lost():
			fresh, err := g.reconnect(ctx)
			if err != nil {
				return run, nil // the context has ended, and the rollout may go on
			}
			defer fresh.Close()
			engine = fresh.Service(units.RolloutName(cluster))
		}
	}
}

// isAway says that systemd could not be asked just now: the message bus is being
// restarted, or systemd re-executes itself.
func isAway(err error) bool {
	return errors.Is(err, bus.ErrLost) || errors.Is(err, bus.ErrNoSystemd)
}

// reconnect reaches a message bus that is being restarted. It fails only with
// the context.
func (g *global) reconnect(ctx context.Context) (*bus.Conn, error) {
	for {
		conn, err := bus.Connect(ctx, g.manager())
		if err == nil {
			return conn, nil
		}
		select {
		case <-time.After(reconnectPause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// outcome is what the end of a rollout means for whoever asked for it, with the
// last words of the worker that failed.
func (g *global) outcome(run rollout.Run) error {
	if cause := run.Why(); cause.Worker != "" && run.Phase.Over() {
		g.printLastLines(units.WorkerName(run.Cluster, cause.Worker), cause.Invocation)
	}
	return g.verdict(run)
}

// verdict is the error that says how a rollout ended or where it stands, nil if
// it is complete.
func (g *global) verdict(run rollout.Run) error {
	status := "clusterctl rollout status " + run.Cluster
	described := errors.New(rollout.Describe(run))
	journal := status
	if cause := run.Why(); cause.Worker != "" {
		journal = fmt.Sprintf("journalctl %s %s -n 50", g.journalSelector(), units.WorkerName(run.Cluster, cause.Worker))
	}
	switch run.Phase {
	case rollout.Complete:
		return nil
	case rollout.Progressing, rollout.RollingBack, rollout.Failing:
		return &commandError{code: exitStillGoing, hint: status + "   # watches it again", err: fmt.Errorf("the rollout goes on: %w", described)}
	case rollout.Held:
		return &commandError{code: exitHeld, hint: fmt.Sprintf("clusterctl rollout resume %s   # or: rollout abort", run.Cluster), err: described}
	case rollout.RolledBack:
		return &commandError{code: exitRolledBack, hint: journal, err: described}
	case rollout.Interrupted:
		return &commandError{code: exitFailed, hint: fmt.Sprintf("clusterctl rollout resume %s   # goes on from its journal; or: rollout abort", run.Cluster), err: described}
	case rollout.Failed:
	}
	return &commandError{code: exitFailed, hint: journal, err: described}
}
