package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/clusterctl/clusterctl/cmd/internal/claim"
	"github.com/clusterctl/clusterctl/cmd/internal/events"
	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// operation is something that an operator does to workers, one or several.
type operation struct {
	*global
	verb      string
	cluster   string
	instances []string
	force     bool
}

func (o *operation) forceFlag(flags *pflag.FlagSet) {
	flags.BoolVar(&o.force, "force", false, "do it even if too few workers stay in service, or in the middle of a rollout")
}

// scene is the cluster as an operation finds it.
type scene struct {
	conn *bus.Conn
	seen overview.Seen
	overview.Cluster
	done func()
}

// begin looks at the cluster, keeps other operators away and makes sure that
// every worker is one of it. Whoever gets a scene calls done at the end.
func (o *operation) begin(ctx context.Context) (_ *scene, err error) {
	conn, err := bus.Connect(ctx, o.manager())
	if err != nil {
		return nil, err
	}
	s := &scene{conn: conn, done: func() { conn.Close() }}
	defer func() {
		if err != nil {
			s.done()
		}
	}()
	collector, err := o.collector(conn)
	if err != nil {
		return nil, err
	}
	// The claim leaves a directory behind: there must be such a cluster.
	glance, err := conn.Glance(ctx, o.cluster)
	if err != nil {
		return nil, err
	}
	if err := rollout.PrecheckExists(glance); err != nil {
		return nil, err
	}
	release, err := o.claim(o.cluster, strings.TrimSpace(o.verb+" "+o.names()))
	if err != nil {
		return nil, err
	}
	s.done = func() { release(); conn.Close() }
	if s.seen, err = collector.Look(ctx, o.cluster, overview.Everyone); err != nil {
		return nil, err
	}
	s.Cluster = overview.Of(s.seen)
	return s, o.known(s)
}

// names are the workers as they are typed.
func (o *operation) names() string {
	names := make([]string, len(o.instances))
	for i, instance := range o.instances {
		names[i] = o.cluster + "@" + instance
	}
	return strings.Join(names, " ")
}

// told is where the journal is told of what has been done.
func (o *operation) told() events.Operator {
	return events.Operator{Cluster: o.cluster, User: o.user, By: caller()}
}

func (o *operation) known(s *scene) error {
	for _, instance := range o.instances {
		if !slices.ContainsFunc(s.Workers, func(w overview.Worker) bool { return w.Instance == instance }) {
			return &commandError{
				code: exitRefused, hint: "clusterctl status " + o.cluster,
				err: fmt.Errorf("cluster %q has no worker %q", o.cluster, units.WorkerName(o.cluster, instance)),
			}
		}
	}
	return nil
}

// claim keeps other operators away. Who may not write there is no operator of
// this cluster, and systemd and the workers decide what such a user may do.
func (g *global) claim(cluster, what string) (release func(), err error) {
	dir, err := g.stateDir(cluster)
	if err != nil {
		return nil, err
	}
	release, err = claim.Take(dir, fmt.Sprintf("%s, by %s, process %d, since %s", what, caller(), os.Getpid(), time.Now().Format(time.DateTime)))
	var held *claim.HeldError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return func() {}, nil
	case errors.As(err, &held):
		return nil, &commandError{code: exitRefused, hint: "clusterctl status " + cluster, err: fmt.Errorf("cluster %q: %w", cluster, err)}
	}
	return release, err
}

// mayTake refuses to take workers out of service where too few would be left, or
// where a rollout counts on them.
func (o *operation) mayTake(s *scene, instances []string) error {
	if o.force {
		return nil
	}
	if s.Rollout.UnderWay() {
		return o.busy(o.cluster)
	}
	left, least := s.Without(instances), overview.Least(s.seen)
	if left >= least || left == s.Ready {
		return nil
	}
	return &commandError{
		code: exitRefused,
		hint: strings.Join([]string{"clusterctl", o.verb, o.names(), "--force   # all the same"}, " "),
		err: fmt.Errorf("cluster %q: that would leave %d of %s in service, and the policy keeps %d (MaxUnavailable=%s)",
			o.cluster, left, plural(s.Wanted, "worker"), least, s.seen.Policy.MaxUnavailable),
	}
}
