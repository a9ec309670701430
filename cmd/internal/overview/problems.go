package overview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// problems are what stands in the way, what stops the most first.
func problems(seen Seen, shown Cluster) []Problem {
	found := []Problem{}
	found = append(found, unitProblems(seen)...)
	found = append(found, queueProblems(shown)...)
	found = append(found, rolloutProblems(shown)...)
	for i, worker := range shown.Workers {
		found = append(found, workerProblems(seen, seen.Workers[i], worker)...)
	}
	return found
}

func unitProblems(seen Seen) []Problem {
	service := seen.Service
	var found []Problem
	if service.ActiveState == units.FailedState {
		found = append(found, Problem{service.Name, fmt.Sprintf("failed (result=%s)", service.Result), "systemctl status " + service.Name})
	}
	for _, socket := range seen.Sockets {
		switch {
		case socket.LoadState == units.NotFound:
			found = append(found, Problem{socket.Name, "has no unit file: the cluster has no listener", "clusterctl generate   # writes the units anew"})
		case socket.ActiveState == units.FailedState:
			found = append(found, Problem{socket.Name, fmt.Sprintf("failed (result=%s): a worker that starts gets no listener", socket.Result), "systemctl restart " + socket.Name})
		case socket.ActiveState != units.Active && service.ActiveState == units.Active:
			found = append(found, Problem{socket.Name, fmt.Sprintf("is %s: a worker that starts gets no listener", socket.ActiveState), "systemctl start " + socket.Name})
		}
	}
	all := append([]units.Unit{service}, seen.Sockets...)
	for _, worker := range seen.Workers {
		all = append(all, worker.Unit)
	}
	i := slices.IndexFunc(all, func(u units.Unit) bool { return u.NeedDaemonReload })
	if i >= 0 { // one is enough: they come from few files
		found = append(found, Problem{all[i].Name, "its file has changed, and systemd has not read it yet", "systemctl daemon-reload"})
	}
	return found
}

func queueProblems(shown Cluster) []Problem {
	var found []Problem
	for _, l := range shown.Listeners {
		if l.Queue != nil && l.Queue.Limit > 0 && l.Queue.Waiting >= l.Queue.Limit {
			found = append(found, Problem{l.Address, fmt.Sprintf("the accept queue is full: %d connections wait, and the next is dropped", l.Queue.Waiting), "clusterctl scale " + shown.Name + " +1"})
		}
	}
	return found
}

func rolloutProblems(shown Cluster) []Problem {
	run := shown.Rollout
	if run == nil {
		return nil
	}
	subject := fmt.Sprintf("revision %d", run.Revision)
	switch run.Phase {
	case rollout.Held:
		return []Problem{{subject, run.Sentence, "clusterctl rollout resume " + shown.Name + "   # or: rollout abort"}}
	case rollout.Interrupted:
		return []Problem{{subject, run.Sentence, "clusterctl rollout resume " + shown.Name + "   # goes on from its journal"}}
	case rollout.Failed, rollout.Failing, rollout.RollingBack, rollout.RolledBack:
		return []Problem{{subject, run.Sentence, "clusterctl rollout history " + shown.Name}}
	case rollout.Progressing, rollout.Complete:
	}
	if releases := releasesOf(shown.Workers); len(releases) > 1 && !run.UnderWay() {
		return []Problem{{shown.Name + ".service", "its workers run different releases: " + strings.Join(releases, ", "), "clusterctl rollout undo " + shown.Name + "   # or: deploy"}}
	}
	return nil
}

func releasesOf(workers []Worker) []string {
	var releases []string
	for _, worker := range workers {
		if worker.Release != "" && !slices.Contains(releases, worker.Release) {
			releases = append(releases, worker.Release)
		}
	}
	return releases
}

func workerProblems(seen Seen, unit units.Worker, shown Worker) []Problem {
	problem := func(hint, message string, args ...any) []Problem {
		return []Problem{{unit.Name, fmt.Sprintf(message, args...), hint}}
	}
	name := seen.Name + "@" + unit.Instance
	logs := "clusterctl logs " + name + " -n 50"
	switch {
	case unit.LoadState == units.NotFound:
		return problem("systemctl disable "+unit.Name, "is enabled, and has no unit file")
	case unit.LoadState == units.Masked:
		return problem("systemctl unmask "+unit.Name, "is masked")
	case unit.WaitsForRestart():
		return problem(logs, "ended (result=%s, status=%d) and is about to be started again%s", unit.Result, unit.ExecMainStatus, times(unit.NRestarts))
	case unit.ActiveState == units.Activating && unit.NRestarts > 0:
		return problem(logs, "is starting again%s", times(unit.NRestarts))
	case unit.ActiveState == units.FailedState:
		return problem(logs, "failed (result=%s, status=%d)", unit.Result, unit.ExecMainStatus)
	case unit.ActiveState == units.Inactive && unit.Enabled && seen.Service.ActiveState == units.Active && unit.Job == 0:
		return problem("clusterctl start "+name, "is enabled, and stopped")
	case shown.Says.OutOfService():
		return problem("clusterctl undrain "+name, "is out of service (%s)", shown.Says)
	case shown.Health != "" && shown.Health != "ok":
		return problem(logs, "is not healthy: %s", shown.Health)
	}
	return nil
}

func times(restarts uint32) string {
	switch restarts {
	case 0:
		return ""
	case 1:
		return ", after 1 restart"
	}
	return fmt.Sprintf(", after %d restarts", restarts)
}
