package metrics

import (
	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
)

var (
	workerInfo      = gauge("worker_info", "Which release the worker is on; the value is always 1.", "cluster", "worker", "release")
	workerReady     = gauge("worker_ready", "Whether the worker has said READY=1 and is in service.", "cluster", "worker")
	workerDrained   = gauge("worker_drained", "Whether somebody has taken the worker out of service (clusterctl drain).", "cluster", "worker")
	workerAvailable = gauge("worker_available", "Whether the worker has been ready for MinReadySec= of the cluster.", "cluster", "worker")
	workerUpdated   = gauge("worker_updated", "Whether the worker is at the target of the newest rollout.", "cluster", "worker")
	workerAnswers   = gauge("worker_answers", "Whether the worker has answered on its admin socket; only of workers that are up.", "cluster", "worker")
	workerRestarts  = counter("worker_restarts_total", "Times that systemd has started the worker again by itself; a start or restart that somebody asks for sets it back.", "cluster", "worker")
	workerStart     = gauge("worker_start_time_seconds", "When the worker was started, since 1970.", "cluster", "worker")
	workerMemory    = gauge("worker_memory_bytes", "Memory that the processes of the worker hold.", "cluster", "worker")
	workerCPU       = counter("worker_cpu_seconds_total", "CPU time that the worker has used since its start.", "cluster", "worker")
)

// The numbers that a worker tells itself, for each name of a listener.
var numbers = []struct {
	family *Family
	of     func(admin.Service) *int64
}{
	{
		counter("worker_connections_accepted_total", "Connections that the worker has accepted.", "cluster", "worker", "listener"),
		func(s admin.Service) *int64 { return s.Accepted },
	}, {
		gauge("worker_connections", "Connections that are open.", "cluster", "worker", "listener"),
		func(s admin.Service) *int64 { return s.Connections },
	}, {
		gauge("worker_connections_hijacked", "Of the open connections, those that were taken out of HTTP, such as websockets.", "cluster", "worker", "listener"),
		func(s admin.Service) *int64 { return s.Hijacked },
	}, {
		counter("worker_connections_drained_total", "Connections that ended by themselves while the worker drained.", "cluster", "worker", "listener"),
		func(s admin.Service) *int64 { return s.Drained },
	}, {
		counter("worker_connections_cut_total", "Connections that were closed at the time limit of a drain.", "cluster", "worker", "listener"),
		func(s admin.Service) *int64 { return s.Cut },
	}, {
		counter("worker_requests_total", "Requests that the worker has finished.", "cluster", "worker", "listener"),
		func(s admin.Service) *int64 { return s.Requests },
	}, {
		counter("worker_request_errors_total", "Of the finished requests, those answered with 500 to 599.", "cluster", "worker", "listener"),
		func(s admin.Service) *int64 { return s.Errors },
	}, {
		gauge("worker_requests_in_flight", "Requests that are being served.", "cluster", "worker", "listener"),
		func(s admin.Service) *int64 { return s.InFlight },
	}, {
		counter("worker_panics_total", "Panics of handlers, each contained and answered with 500.", "cluster", "worker", "listener"),
		func(s admin.Service) *int64 { return s.Panics },
	},
}

// worker is what was seen of one worker.
type worker struct {
	units.Worker
	release string
	vitals  units.Vitals
	read    bool // the vitals were
	answer  overview.Answer
	asked   bool
}

func workerOf(seen *overview.Seen, unit units.Worker) worker {
	w := worker{Worker: unit, release: seen.Releases[unit.Instance]}
	w.vitals, w.read = seen.Vitals[unit.Instance]
	w.answer, w.asked = seen.Answers[unit.Instance]
	return w
}

func (w worker) answers() bool { return w.asked && w.answer.StatsErr == nil }

func (w worker) isDrained() bool { return w.answers() && w.answer.Stats.State.OutOfService() }

func (w worker) ready() bool { return w.ActiveState.Serving() && !w.isDrained() }

func (w worker) available(policy spec.Policy) bool {
	return w.ready() && w.ActiveFor >= policy.MinReadySec
}

func (out samples) worker(c Cluster, w worker, updated target) {
	out.add(workerReady, truth(w.ready()), c.Name, w.Instance)
	out.add(workerRestarts, float64(w.NRestarts), c.Name, w.Instance)
	if !c.Partial {
		out.add(workerInfo, 1, c.Name, w.Instance, w.release)
		out.add(workerAvailable, truth(w.available(c.Seen.Policy)), c.Name, w.Instance)
		out.add(workerUpdated, truth(updated(w)), c.Name, w.Instance)
	}
	if w.asked {
		out.add(workerAnswers, truth(w.answers()), c.Name, w.Instance)
	}
	if !w.ActiveState.Serving() {
		return // what is told of the others is of their last start
	}
	if start, known := w.start(); known {
		out.add(workerStart, start, c.Name, w.Instance)
	}
	if w.read {
		out.add(workerCPU, w.vitals.CPU.Seconds(), c.Name, w.Instance)
		if w.vitals.Memory > 0 {
			out.add(workerMemory, float64(w.vitals.Memory), c.Name, w.Instance)
		}
	}
	if w.answers() {
		out.answer(c, w)
	}
}

// start is when the process began, as it says itself, or else when systemd last
// saw it become active.
func (w worker) start() (float64, bool) {
	if w.answers() && w.answer.Stats.Start > 0 {
		return w.answer.Stats.Start, true
	}
	return float64(w.vitals.Since.UnixMicro()) / 1e6, w.read && !w.vitals.Since.IsZero()
}

func (out samples) answer(c Cluster, w worker) {
	out.add(workerDrained, truth(w.isDrained()), c.Name, w.Instance)
	for listener, service := range w.answer.Stats.Services {
		for _, number := range numbers {
			if value := number.of(service); value != nil {
				out.add(number.family, float64(*value), c.Name, w.Instance, listener)
			}
		}
	}
}
