package rollout

import (
	"maps"
	"slices"

	"github.com/clusterctl/clusterctl/units"
)

// Plan is the batches of a rollout in which all goes well. It is Next, run on a
// copy of the world that always answers as hoped, and in which somebody lets
// every hold go on.
func Plan(run Run, seen Seen) [][]Action {
	world := optimist{seen: seen, run: run}
	var batches [][]Action
	for range 2*len(run.Workers) + len(run.Surge) + 4 {
		decision := Next(world.run, world.seen, run.Progressed)
		world.run = world.run.with(decision.entry(run.Progressed))
		switch {
		case decision.Phase.Over():
			return batches
		case decision.Phase == Held:
			world.run = world.run.with(Entry{Kind: KindRequest, Time: run.Progressed, Request: Resume})
		}
		if len(decision.Do) > 0 {
			batches = append(batches, decision.Do)
		}
		for _, action := range decision.Do {
			world.carryOut(action)
		}
	}
	return batches
}

// optimist is a world in which everything works.
type optimist struct {
	seen Seen
	run  Run
}

func (o *optimist) carryOut(action Action) {
	o.run = o.run.with(Entry{Kind: KindJob, Time: o.run.Progressed.Add(-o.run.Policy.MinReadySec), ID: action.ID, Instance: action.Instance, Result: units.JobDone})
	if action.Release != "" {
		o.seen.Releases = maps.Clone(o.seen.Releases)
		if o.seen.Releases == nil {
			o.seen.Releases = make(map[string]string)
		}
		o.seen.Releases[action.Instance] = action.Release
	}
	o.seen.Workers = slices.Clone(o.seen.Workers)
	at := slices.IndexFunc(o.seen.Workers, func(w units.Worker) bool { return w.Instance == action.Instance })
	if at < 0 {
		o.seen.Workers = append(o.seen.Workers, units.Worker{Instance: action.Instance})
		at = len(o.seen.Workers) - 1
	}
	w := &o.seen.Workers[at]
	switch action.Verb {
	case Stop:
		w.ActiveState = units.Inactive
		return
	case Restart:
		w.InvocationID = action.Before + "+1"
	case Switch:
		return
	case Reload:
	}
	w.ActiveState, w.NRestarts, w.ActiveFor = units.Active, 0, o.run.Policy.MinReadySec
	o.seen.Probes = maps.Clone(o.seen.Probes)
	if o.seen.Probes == nil {
		o.seen.Probes = make(map[string]Probe)
	}
	o.seen.Probes[action.Instance] = Probe{InvocationID: w.InvocationID, Healthy: true}
}
