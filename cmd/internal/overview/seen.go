package overview

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/listener"
	"github.com/clusterctl/clusterctl/units/release"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// Seen is what was read of a cluster at one moment.
type Seen struct {
	units.Cluster
	Policy   spec.Policy
	Releases map[string]string       // by instance
	Queues   []listener.Queue        // of the shared listeners
	Rollout  *rollout.Run            // the newest, nil if there was none
	Vitals   map[string]units.Vitals // by instance, of the workers that were asked
	Answers  map[string]Answer       // by instance, of the workers that were asked
}

// Answer is what one worker said when it was asked.
type Answer struct {
	Stats     admin.Stats
	StatsErr  error
	Health    error
	HasHealth bool // the policy has a check, and it was made
}

// Keep takes over from an earlier look what was read of workers that were not
// asked again. A worker that is down has nothing to say.
func (s *Seen) Keep(earlier Seen) {
	for _, worker := range s.Workers {
		if _, asked := s.Vitals[worker.Instance]; asked {
			continue
		}
		if vitals, known := earlier.Vitals[worker.Instance]; known {
			s.Vitals[worker.Instance] = vitals
		}
		if answer, known := earlier.Answers[worker.Instance]; known {
			s.Answers[worker.Instance] = answer
		}
	}
}

// Systemd is what the collector asks of systemd; *bus.Reader is one.
type Systemd interface {
	Glance(ctx context.Context, cluster string) (units.Cluster, error)
	ReadWorkers(ctx context.Context, workers []units.Worker) ([]units.Worker, error)
	Vitals(ctx context.Context, services []string) (map[string]units.Vitals, error)
	ReadService(ctx context.Context, name string) (units.Service, error)
}

// Collector reads all that belongs to a cluster.
type Collector struct {
	Systemd Systemd
	// StateDir has the releases and the rollouts of all clusters, a directory
	// each; RuntimeDir likewise their admin sockets.
	StateDir, RuntimeDir string
}

// Complete reads what belongs to the cluster, and asks the given workers of it
// for what they know themselves. A worker that does not answer costs a bounded
// time, and is an Answer with an error.
func (c Collector) Complete(ctx context.Context, cluster units.Cluster, asked []units.Worker) (Seen, error) {
	seen := Seen{Cluster: cluster}
	var err error
	if seen.Policy, err = Policy(cluster); err != nil {
		return Seen{}, err
	}
	if seen.Releases, err = c.releases(cluster.Name); err != nil {
		return Seen{}, err
	}
	if seen.Rollout, err = c.rollout(ctx, cluster.Name); err != nil {
		return Seen{}, err
	}
	seen.Queues, err = listener.Queues(cluster.Listen)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // else a kernel without sock_diag
		return Seen{}, err
	}
	if seen.Vitals, err = c.vitals(ctx, asked); err != nil {
		return Seen{}, err
	}
	seen.Answers = c.ask(ctx, seen, asked)
	return seen, nil
}

// Policy is what the unit files of the cluster say. A cluster that has none, or
// whose files contradict themselves, has the defaults: it must be seen all the
// same, and what is wrong with it is said by the verbs that need the policy.
func Policy(cluster units.Cluster) (spec.Policy, error) {
	var sources []spec.Source
	for _, path := range cluster.PolicyFiles {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone since systemd read it
		}
		if err != nil {
			return spec.Policy{}, err
		}
		sources = append(sources, spec.Source{Path: path, Data: data})
	}
	policy, err := spec.ParsePolicy(sources...)
	if err != nil {
		return spec.DefaultPolicy(), nil //nolint:nilerr // see above
	}
	return policy, nil
}

func (c Collector) releases(cluster string) (map[string]string, error) {
	store := release.Store{Dir: filepath.Join(c.StateDir, cluster)}
	workers, err := store.Workers()
	if err != nil {
		return nil, err
	}
	releases := make(map[string]string)
	for name, instances := range workers {
		for _, instance := range instances {
			releases[instance] = name
		}
	}
	return releases, nil
}

// rollout is the newest one. A journal without an end whose engine has gone is
// that of a rollout that was interrupted.
func (c Collector) rollout(ctx context.Context, cluster string) (*rollout.Run, error) {
	history := rollout.History{Dir: filepath.Join(c.StateDir, cluster, "rollouts")}
	run, found, err := history.Latest()
	if err != nil || !found {
		return nil, err
	}
	if run.Phase.Over() {
		return &run, nil
	}
	engine, err := c.Systemd.ReadService(ctx, units.RolloutName(cluster))
	if err != nil {
		return nil, err
	}
	if !engine.ActiveState.Down() {
		return &run, nil
	}
	if run, err = history.Read(run.Revision); err != nil { // it may have ended meanwhile
		return nil, err
	}
	if !run.Phase.Over() {
		run.Phase, run.Message = rollout.Interrupted, "its engine has gone"
	}
	return &run, nil
}

func (c Collector) vitals(ctx context.Context, asked []units.Worker) (map[string]units.Vitals, error) {
	names := make([]string, len(asked))
	for i, worker := range asked {
		names[i] = worker.Name
	}
	byUnit, err := c.Systemd.Vitals(ctx, names)
	if err != nil {
		return nil, err
	}
	vitals := make(map[string]units.Vitals, len(asked))
	for _, worker := range asked {
		vitals[worker.Instance] = byUnit[worker.Name]
	}
	return vitals, nil
}
