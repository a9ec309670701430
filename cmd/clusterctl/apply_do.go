package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/clusterctl/clusterctl/cmd/internal/apply"
	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// do carries one step out.
func (a *applier) do(ctx context.Context, step apply.Step, seen apply.Look) error {
	switch step.Verb {
	case apply.Write:
		if err := os.MkdirAll(a.home.Dir, 0o755); err != nil {
			return err
		}
		_, err := generator.Write(a.home.Dir, []generator.Set{{Cluster: a.cluster.Name, Files: a.files}})
		return err
	case apply.Enable, apply.Disable:
		args := []string{"--no-reload", string(step.Verb)}
		if a.home.Place == generator.Runtime {
			args = append(args, "--runtime")
		}
		return a.systemctl(ctx, append(args, step.Units...)...)
	case apply.Reload:
		return a.systemctl(ctx, "daemon-reload")
	case apply.Link:
		return a.link(step.Units, seen.Release)
	case apply.Listen:
		return a.each(ctx, step, a.systemd.Start)
	case apply.Start:
		return a.each(ctx, step, a.start(seen))
	case apply.Renew:
		return a.each(ctx, step, a.systemd.Restart)
	case apply.Close:
		return a.each(ctx, step, a.systemd.Stop)
	case apply.Drain:
		if err := a.each(ctx, step, a.systemd.Stop); err != nil {
			return err
		}
		return a.forget(step.Units)
	case apply.Roll:
		a.remember(seen)
		return a.launch(ctx, a.systemd, launch{launchFlags: a.launchFlags, order: order{cluster: a.cluster.Name, verb: rollout.Restart}})
	}
	return fmt.Errorf("cluster %q: %q is no step", a.cluster.Name, step.Verb)
}

// each queues a job for every unit at once, and waits for all of them.
func (a *applier) each(ctx context.Context, step apply.Step, job func(context.Context, string) (units.JobResult, error)) error {
	results := make([]units.JobResult, len(step.Units))
	errs := make([]error, len(step.Units))
	var jobs sync.WaitGroup
	for i, unit := range step.Units {
		jobs.Go(func() { results[i], errs[i] = job(ctx, unit) })
	}
	jobs.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, unit := range step.Units {
		if results[i] != units.JobDone {
			a.printLastLines(unit, "")
			return &commandError{
				code: exitFailed, hint: fmt.Sprintf("journalctl %s %s -n 50", a.journalSelector(), unit),
				err: fmt.Errorf("cluster %q: %s: the job of %q ended with the result %q%s", a.cluster.Name, inWords(step), unit, results[i], left(step)),
			}
		}
	}
	return nil
}

// left says what a step that has failed leaves.
func left(step apply.Step) string {
	if step.Verb == apply.Renew || step.Verb == apply.Listen {
		return ", and workers that are up go on with the listeners that they hold"
	}
	return ""
}

// start starts units. A worker that waits for its automatic restart would go on
// waiting.
func (a *applier) start(seen apply.Look) func(context.Context, string) (units.JobResult, error) {
	return func(ctx context.Context, unit string) (units.JobResult, error) {
		if slices.ContainsFunc(seen.Workers, func(w apply.Worker) bool { return w.Name == unit && w.Waits }) {
			return a.systemd.Restart(ctx, unit)
		}
		return a.systemd.Start(ctx, unit)
	}
}

// link gives workers the release that the others run.
func (a *applier) link(workers []string, release string) error {
	store, err := a.releases(a.cluster.Name)
	if err != nil {
		return err
	}
	for _, worker := range workers {
		instance, _ := units.Instance(a.cluster.Name, worker)
		if err := store.Switch(instance, release); err != nil {
			return err
		}
	}
	return nil
}

// forget takes the links of workers that are gone away: whoever brings them back
// gives them the release of that day.
func (a *applier) forget(workers []string) error {
	if !a.cluster.HasReleases() {
		return nil
	}
	store, err := a.releases(a.cluster.Name)
	if err != nil {
		return err
	}
	for _, worker := range workers {
		instance, _ := units.Instance(a.cluster.Name, worker)
		if err := store.Forget(instance); err != nil {
			return err
		}
	}
	return nil
}

// remember keeps the listeners that workers are about to take over.
func (a *applier) remember(seen apply.Look) {
	for _, socket := range seen.Sockets {
		for _, worker := range seen.Workers {
			if worker.Wanted && worker.IsUp() && worker.Started < socket.Started {
				a.renewed[socket.Name] = true
			}
		}
	}
}
