package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/cmd/internal/apply"
	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
)

type applyOptions struct {
	*global
	launchFlags
	dryRun bool
}

func newApplyCommand(g *global) *cobra.Command {
	o := &applyOptions{global: g}
	cmd := &cobra.Command{
		Use:   "apply FILE.cluster | NAME",
		Short: "Make the running cluster what its .cluster file says",
		Long: `Make the units of a cluster, their enablement and its running workers what the
.cluster file says. It says what it will do before it does it, and leaves alone
what is so already.

It writes the units, has systemd read and enable them, starts what is down, drains
workers away that are too many, and rolls the workers if what they run has changed:
their unit with its drop-ins, those of "systemctl edit" too, or a listener that they
hold. A change of the policy, of a limit of the slice or of a comment rolls nobody.
The program itself is not looked at: "deploy" brings a new release, and "rollout
restart" restarts.

A listener that has changed is replaced with workers up: the new one stands beside
the old one, which workers hold until they are rolled. New connections to it wait
until the first worker has it; how long that was is said at the end.

Units stay where they are: in /etc/systemd, in /run/systemd, or in a package as
long as they are as wanted. A cluster whose file is in the search path and that has
no units yet is left to the systemd generator, if that is installed: then apply only
has systemd run it.

A run that is killed leaves work that the next one does; a rollout that it has
begun goes on by itself.

A worker that does not come back stops the rollout: the others go on serving as
they were, and the exit code is that of "rollout restart".`,
		Example: `  clusterctl apply web.cluster --dry-run
  clusterctl apply web.cluster
  clusterctl apply web -o json`,
		Args: exactly("FILE.cluster"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.launchFlags.validate(cmd.CommandPath()); err != nil {
				return err
			}
			return o.run(cmd.Context(), args[0])
		},
	}
	o.add(cmd.Flags())
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and do nothing")
	return cmd
}

// applier brings one cluster to what its file says.
type applier struct {
	*applyOptions
	cluster *spec.Cluster
	files   []generator.File
	links   []generator.Link
	workers int
	home    generator.Home
	state   string // the directory of the record
	systemd *bus.Cluster
	voice   *applyVoice
	// unread says that this run has changed files since systemd has read them. It
	// may have read some of them without being told.
	unread bool
	// renewed are the listeners that workers did not hold when they were rolled.
	renewed map[string]bool
}

func (o *applyOptions) run(ctx context.Context, file string) error {
	a, err := o.newApplier(ctx, file)
	if err != nil {
		return err
	}
	if a.systemd, err = o.connect(ctx, a.cluster.Name); err != nil {
		return err
	}
	defer a.systemd.Close()
	if o.dryRun {
		seen, err := a.look(ctx)
		if err != nil {
			return err
		}
		a.voice.plan(apply.Steps(seen))
		return a.stranded(seen)
	}
	unlock, err := a.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return a.work(ctx)
}

// newApplier reads the file, and does nothing else.
func (o *applyOptions) newApplier(ctx context.Context, file string) (*applier, error) {
	source := clusterSource{files: []string{file}}
	clusters, _, err := source.load(o.mode())
	if err != nil {
		return nil, usageError(err, "clusterctl apply --help")
	}
	a := &applier{applyOptions: o, cluster: clusters[0], renewed: make(map[string]bool)}
	options := generator.Options{Mode: o.mode(), Systemd: generator.RunningSystemd(ctx), Search: source.path}
	if a.files, err = generator.Generate(a.cluster, options); err != nil {
		return nil, usageError(err, "clusterctl apply --help")
	}
	a.workers = a.cluster.Workers.Count(runtime.NumCPU())
	a.links = generator.Links(a.cluster, options, a.workers)
	if a.home, err = generator.FindHome(a.cluster, a.files, options, os.Getenv); err != nil {
		return nil, err
	}
	a.voice = newApplyVoice(o.out, o.output, a.cluster)
	a.state, err = o.stateDir(a.cluster.Name)
	return a, err
}

// lock keeps other operators and a rollout apart from this apply. A rollout that
// begins meanwhile is refused by the one that apply wants to begin itself.
func (a *applier) lock(ctx context.Context) (unlock func(), err error) {
	name := a.cluster.Name
	rolling, err := a.isRolling(ctx, a.systemd.Service(units.RolloutName(name)), name)
	if err != nil {
		return nil, err
	}
	if rolling {
		return nil, a.busy(name)
	}
	return a.claim(name, "apply")
}

// work does what is left to do, step by step, and looks again after each: what a
// step has left is not foretold. A step that changes nothing ends it.
func (a *applier) work(ctx context.Context) error {
	var last apply.Step
	for {
		seen, err := a.look(ctx)
		if err != nil {
			return err
		}
		steps := apply.Steps(seen)
		a.voice.plan(steps)
		if len(steps) == 0 {
			a.voice.end(apply.Waits(seen, a.renewed))
			return a.stranded(seen)
		}
		if reflect.DeepEqual(steps[0], last) {
			return a.stuck(last)
		}
		last = steps[0]
		if err := a.do(ctx, last, seen); err != nil {
			return a.cutShort(ctx, last, err)
		}
		a.unread = last.Verb != apply.Reload && (a.unread || last.ChangesFiles())
		if last.Verb == apply.Roll && a.detach {
			return nil
		}
		a.voice.done(last)
	}
}

// cutShort is the error of a step that Ctrl-C has ended, if it was that. A rollout
// goes on without its watcher, and says so itself.
func (a *applier) cutShort(ctx context.Context, step apply.Step, err error) error {
	if ctx.Err() == nil || step.Verb == apply.Roll {
		return err
	}
	return &commandError{
		code: exitFailed, hint: fmt.Sprintf("clusterctl apply %s   # does the rest", a.cluster.Name),
		err: fmt.Errorf("cluster %q: interrupted at: %s", a.cluster.Name, inWords(step)),
	}
}

// stuck is the error of a step that was done and has changed nothing.
func (a *applier) stuck(step apply.Step) error {
	hint := "systemctl status " + units.ServiceName(a.cluster.Name)
	if step.Verb == apply.Reload {
		hint = "journalctl -b -t clusterctl-generator   # what the generator has said"
	}
	return &commandError{code: exitFailed, hint: hint, err: fmt.Errorf("cluster %q: %s was done, and is still to be done", a.cluster.Name, inWords(step))}
}

// stranded is the error of workers that can't run, for they have no release.
func (a *applier) stranded(seen apply.Look) error {
	homeless := seen.Homeless()
	if len(homeless) == 0 {
		return nil
	}
	return &commandError{
		code: exitFailed,
		hint: fmt.Sprintf("clusterctl deploy %s DIRECTORY   # and then: clusterctl apply %s", a.cluster.Name, a.cluster.Name),
		err:  fmt.Errorf("cluster %q has no release yet, so %s can't start", a.cluster.Name, listed(homeless)),
	}
}
