package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// engineStartLimit is how long an engine may look at the cluster before it
// begins.
const engineStartLimit = time.Minute

// unloadPause bounds the wait for a sign that systemd has forgotten a unit.
const unloadPause = 100 * time.Millisecond

// launchFlags are the flags of every verb that begins a rollout.
type launchFlags struct {
	output  string
	detach  bool
	timeout time.Duration
}

func (f *launchFlags) add(flags *pflag.FlagSet) {
	flags.StringVarP(&f.output, "output", "o", "", `"json" prints an event a line`)
	flags.BoolVar(&f.detach, "detach", false, "begin the rollout and do not wait for its end")
	flags.DurationVar(&f.timeout, "timeout", 0, "end the watching after this time, such as 5m, and not the rollout; 0 means never")
}

func (f *launchFlags) validate(command string) error {
	if f.output != "" && f.output != "json" {
		return usageError(fmt.Errorf("--output %q: wanted \"json\"", f.output), "%s --help", command)
	}
	if f.timeout < 0 {
		return usageError(fmt.Errorf("--timeout %s: wanted 0 or more", f.timeout), "%s --help", command)
	}
	return nil
}

// launch is a rollout to be begun.
type launch struct {
	launchFlags
	order
	// request is that of a rollout that was interrupted and is to go on; ""
	// begins a new one.
	request string
	// abort has it taken back instead.
	abort bool
}

// launch starts the engine of a rollout as a unit of its own, so that it
// outlives this process, and watches it.
func (g *global) launch(ctx context.Context, systemd *bus.Cluster, l launch) error {
	unit := units.RolloutName(l.cluster)
	engine := systemd.Service(unit)
	result, err := g.startEngine(ctx, engine, l)
	if errors.Is(err, bus.ErrPermission) && l.byReload() {
		return g.launchByReload(ctx, systemd, l)
	}
	if err != nil && ctx.Err() != nil {
		return &commandError{
			code: exitStillGoing,
			hint: "clusterctl rollout status " + l.cluster + "   # says whether it has begun",
			err:  fmt.Errorf("the rollout was being begun, and goes on if it was: %w", err),
		}
	}
	if err != nil {
		return err
	}
	if result != units.JobDone {
		return g.engineFailed(ctx, systemd, engine, l.order, result)
	}
	history, err := g.history(l.cluster)
	if err != nil {
		return err
	}
	run, found, err := history.Latest()
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("the rollout's unit %q is up, but %q has no rollout", unit, history.Dir)
	}
	return g.seeThrough(ctx, systemd, l, run)
}

// seeThrough watches a rollout that has begun, unless nobody wants to.
func (g *global) seeThrough(ctx context.Context, systemd *bus.Cluster, l launch, run rollout.Run) error {
	if l.detach {
		fmt.Fprintln(g.out, rollout.Describe(run))
		return nil
	}
	if l.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.timeout)
		defer cancel()
	}
	return g.watch(ctx, systemd.Conn, watched{cluster: l.cluster, revision: run.Revision, output: l.output})
}

// startEngine has systemd run the engine, and waits until it has begun. The unit
// of a rollout that is over may still be there for a moment: it is waited out.
func (g *global) startEngine(ctx context.Context, engine *bus.Service, l launch) (units.JobResult, error) {
	if l.request == "" {
		l.request = rand.Text()
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the path of this program: %w", err)
	}
	transient := bus.Transient{
		Unit:        units.RolloutName(l.cluster),
		Description: "Rollout of cluster " + l.cluster,
		Command: []string{
			self, "--" + string(g.manager()), "rollout", "engine", l.cluster,
			"--verb", string(l.verb), "--release", l.release, "--by", caller(), "--request", l.request,
			"--abort=" + strconv.FormatBool(l.abort),
		},
		StartLimit: engineStartLimit,
	}
	for {
		result, err := engine.StartTransient(ctx, transient)
		var refused *units.JobError
		if !errors.As(err, &refused) || refused.Name != "org.freedesktop.systemd1.UnitExists" {
			return result, err
		}
		busy, err := g.isRolling(ctx, engine, l.cluster)
		if err != nil {
			return "", err
		}
		if busy {
			return "", g.busy(l.cluster)
		}
		select {
		case <-engine.Changes():
		case <-time.After(unloadPause):
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// isRolling says that a rollout is under way. The journal is read after the unit
// was seen, so that it has what an engine that is up has begun.
func (g *global) isRolling(ctx context.Context, engine *bus.Service, cluster string) (bool, error) {
	service, err := engine.Read(ctx)
	if err != nil || service.ActiveState.Down() || service.ActiveState == units.Deactivating {
		return false, err
	}
	history, err := g.history(cluster)
	if err != nil {
		return false, err
	}
	latest, found, err := history.Latest()
	return found && !latest.Phase.Over(), err
}

// busy says who is at work on the cluster, and since when.
func (g *global) busy(cluster string) error {
	err := rollout.ErrLocked
	if history, historyErr := g.history(cluster); historyErr == nil {
		if other, found, _ := history.Latest(); found {
			err = fmt.Errorf("%w: revision %d, by %s, since %s (%s)", err, other.Revision, other.By,
				other.Started.Local().Format(time.DateTime), rollout.Describe(other))
		}
	}
	return &commandError{
		code: exitRefused,
		hint: "clusterctl rollout status " + cluster + "   # watches it",
		err:  fmt.Errorf("cluster %q: %w", cluster, err),
	}
}

// engineFailed says why an engine gave up before it began, and passes its exit
// code on.
func (g *global) engineFailed(ctx context.Context, systemd *bus.Cluster, engine *bus.Service, o order, result units.JobResult) error {
	// What stood in its way stands there still, most likely. Asking only now
	// keeps a look at all units out of every rollout that begins.
	if _, _, err := g.newStart(ctx, systemd, o); err != nil {
		return err
	}
	service, err := engine.Read(ctx)
	if err != nil {
		return err
	}
	const exited = 1 // CLD_EXITED
	failed := &commandError{code: exitFailed, hint: fmt.Sprintf("journalctl %s %s -n 20", g.journalSelector(), service.Name)}
	if service.ExecMainCode == exited && service.ExecMainStatus > 0 {
		failed.code = int(service.ExecMainStatus)
	}
	failed.err = fmt.Errorf("the rollout did not begin (%s: %s)", service.Name, result)
	if service.StatusText != "" {
		failed.err = errors.New(service.StatusText)
	}
	return failed
}
