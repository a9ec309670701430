package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/metrics"
	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/listener"
)

const (
	// wait is how long a worker has for its answer.
	wait = time.Second

	// askers is how many workers are asked at the same time, of all clusters.
	askers = 32

	// unanswered is how many questions may wait at the socket of a worker for it
	// to be asked once more. One that accepts none, because it hangs or was
	// written without the contract, would cost every scrape its time, and each
	// question would stay in the queue. Two or three may be those of others that
	// ask just now.
	unanswered = 4
)

var errAcceptsNothing = errors.New("accepts nothing on its admin socket")

// question is what one worker is asked.
type question struct {
	cluster *metrics.Cluster
	client  admin.Client
	worker  units.Worker
}

// ask asks all workers that are up for their numbers. Who does not answer costs
// the scrape a bounded time once, and no other worker anything.
func (l looker) ask(ctx context.Context, clusters []metrics.Cluster) {
	questions := l.questions(clusters)
	waiting := l.waiting(questions)
	began := time.Now()
	answers := make([]overview.Answer, len(questions))
	took := make([]time.Duration, len(questions))
	next := make(chan int)
	var asking sync.WaitGroup
	for range min(askers, len(questions)) {
		asking.Go(func() {
			for i := range next {
				q := questions[i]
				answers[i] = q.ask(ctx, waiting[q.client.Path(q.worker.Instance)])
				took[i] = time.Since(began)
			}
		})
	}
	for i := range questions {
		next <- i
	}
	close(next)
	asking.Wait()
	last := make(map[*metrics.Cluster]time.Duration)
	for i, q := range questions {
		l.answered(q, answers[i])
		last[q.cluster] = max(last[q.cluster], took[i])
	}
	for cluster, took := range last {
		cluster.Took += took
	}
}

func (l looker) questions(clusters []metrics.Cluster) []question {
	var questions []question
	for i := range clusters {
		cluster := &clusters[i]
		if cluster.Seen == nil {
			continue
		}
		cluster.Seen.Answers = make(map[string]overview.Answer)
		client := admin.Client{Dir: filepath.Join(l.runtimeDir, cluster.Name)}
		for _, worker := range cluster.Seen.Workers {
			if worker.ActiveState.Serving() {
				questions = append(questions, question{cluster, client, worker})
			}
		}
	}
	return questions
}

// waiting are the questions that nobody has accepted yet, by the path of the
// socket. If the kernel does not tell, every worker is asked.
func (l looker) waiting(questions []question) map[string]int {
	if len(questions) == 0 {
		return nil
	}
	paths := make([]string, len(questions))
	for i, q := range questions {
		paths[i] = q.client.Path(q.worker.Instance)
	}
	queues, err := listener.Queues(paths)
	if err != nil {
		l.log.Warn("the queues of the admin sockets could not be read", "reason", err)
	}
	waiting := make(map[string]int, len(queues))
	for _, queue := range queues {
		waiting[queue.Address] = queue.Waiting
	}
	return waiting
}

func (q question) ask(ctx context.Context, waiting int) overview.Answer {
	if waiting >= unanswered {
		return overview.Answer{StatsErr: errAcceptsNothing}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("no answer in %s", wait))
	defer cancel()
	stats, err := q.client.Stats(ctx, q.worker.Instance)
	return overview.Answer{Stats: stats, StatsErr: err}
}

// answered keeps the answer. That there is none is an error only of a worker
// that has said otherwise: its cluster checks its health on the same socket.
func (l looker) answered(q question, answer overview.Answer) {
	q.cluster.Seen.Answers[q.worker.Instance] = answer
	var refused *admin.AnswerError
	if answer.StatsErr == nil || errors.As(answer.StatsErr, &refused) && refused.Status == 404 {
		return // a worker need not have numbers
	}
	if q.cluster.Seen.Policy.Health.OnAdminSocket() {
		l.failed(q.cluster, metrics.Workers, fmt.Errorf("worker %q: %w", q.worker.Name, answer.StatsErr))
	}
}
