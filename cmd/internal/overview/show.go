package overview

import (
	"errors"
	"io/fs"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// Of is what is shown of what was seen.
func Of(seen Seen) Cluster {
	shown := Cluster{
		Name:        seen.Name,
		ActiveState: seen.Service.ActiveState,
		Rollout:     rolloutOf(seen.Rollout),
		Sockets:     socketsOf(seen),
		Listeners:   listenersOf(seen),
		Workers:     make([]Worker, 0, len(seen.Workers)),
	}
	for _, worker := range seen.Workers {
		w := workerOf(seen, worker)
		shown.Workers = append(shown.Workers, w)
		if w.Enabled {
			shown.Wanted++
		}
		if w.Serves() {
			shown.Ready++
		}
	}
	shown.Release = commonRelease(shown.Workers)
	shown.Problems = problems(seen, shown)
	return shown
}

func rolloutOf(run *rollout.Run) *Rollout {
	if run == nil {
		return nil
	}
	return &Rollout{
		Revision: run.Revision,
		Phase:    run.Phase,
		Release:  run.Release,
		Updated:  rollout.Updated(*run),
		Total:    len(run.Workers),
		Sentence: rollout.Describe(*run),
	}
}

func socketsOf(seen Seen) []Socket {
	sockets := make([]Socket, len(seen.Sockets))
	for i, socket := range seen.Sockets {
		sockets[i] = Socket{Unit: socket.Name, ActiveState: socket.ActiveState, Result: socket.Result}
	}
	return sockets
}

func listenersOf(seen Seen) []Listener {
	listeners := make([]Listener, len(seen.Listen))
	for i, address := range seen.Listen {
		listeners[i].Address = address
		for _, q := range seen.Queues {
			if q.Address == address {
				listeners[i].Queue = &Queue{Waiting: q.Waiting, Limit: q.Limit, Dropped: q.Dropped}
			}
		}
	}
	return listeners
}

func workerOf(seen Seen, worker units.Worker) Worker {
	vitals, asked := seen.Vitals[worker.Instance]
	w := Worker{
		Unit:        worker.Name,
		Instance:    worker.Instance,
		Enabled:     worker.Enabled,
		ActiveState: worker.ActiveState,
		SubState:    worker.SubState,
		Result:      worker.Result,
		Release:     seen.Releases[worker.Instance],
		Restarts:    worker.NRestarts,
		MainPID:     worker.MainPID,
		Memory:      vitals.Memory,
		CPU:         vitals.CPU,
		StatusText:  worker.StatusText,
		Asked:       asked,
	}
	if !vitals.Since.IsZero() {
		w.Since = &vitals.Since
	}
	answer, answered := seen.Answers[worker.Instance]
	if !answered {
		return w
	}
	if answer.StatsErr == nil {
		w.Says, w.Numbers = answer.Stats.State, answer.Stats.Total()
	}
	if answer.HasHealth {
		w.Health = healthOf(answer.Health)
	}
	return w
}

// healthOf is unknown for who may not ask.
func healthOf(err error) string {
	var refused *admin.AnswerError
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, fs.ErrPermission), errors.As(err, &refused) && refused.Status == 403:
		return ""
	}
	return err.Error()
}

func commonRelease(workers []Worker) string {
	for _, worker := range workers {
		if worker.Release != workers[0].Release {
			return ""
		}
	}
	if len(workers) == 0 {
		return ""
	}
	return workers[0].Release
}
