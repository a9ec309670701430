package survey

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"github.com/clusterctl/clusterctl/cmd/internal/doctor"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
)

// askers is how many workers are asked at the same time, and first how many are
// asked to find out whether workers of this cluster answer at all: a program
// without the library lets everybody wait.
const (
	askers = 32
	first  = 4
)

func (s Surveyor) answers(ctx context.Context, c *doctor.Cluster, unseen *blind) {
	var up []units.Worker
	for _, w := range c.Workers {
		if w.ActiveState.Serving() {
			up = append(up, w)
		}
	}
	c.Answers = make(map[string]doctor.Answer, len(up))
	s.ask(ctx, c, up[:min(first, len(up))])
	isAnswered := c.Policy.Health.OnAdminSocket()
	for _, answer := range c.Answers {
		isAnswered = isAnswered || answer.Err == nil
	}
	if isAnswered {
		s.ask(ctx, c, up[min(first, len(up)):])
	}
	for _, answer := range c.Answers {
		if errors.Is(answer.Err, fs.ErrPermission) {
			unseen.note("what workers say on their admin sockets", answer.Err)
			c.Answers = nil // who can't ask can't say that nobody answers
			return
		}
	}
}

func (s Surveyor) ask(ctx context.Context, c *doctor.Cluster, workers []units.Worker) {
	client := admin.Client{Dir: s.RuntimeDir + "/" + c.Name}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for n := range min(askers, len(workers)) {
		asking.Go(func() {
			for i := n; i < len(workers); i += askers {
				stats, err := client.Stats(ctx, workers[i].Instance)
				mu.Lock()
				c.Answers[workers[i].Instance] = doctor.Answer{Err: err, OutOfService: stats.State.OutOfService()}
				mu.Unlock()
			}
		})
	}
	asking.Wait()
}
