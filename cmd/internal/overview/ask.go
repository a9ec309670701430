package overview

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/health"
)

// askers is how many workers are asked at the same time.
const askers = 32

func (c Collector) ask(ctx context.Context, seen Seen, asked []units.Worker) map[string]Answer {
	answers := make([]*Answer, len(asked))
	var asking sync.WaitGroup
	for first := range min(askers, len(asked)) {
		asking.Go(func() {
			for i := first; i < len(asked); i += askers {
				if asked[i].ActiveState.Serving() {
					answer := c.askOne(ctx, seen, asked[i])
					answers[i] = &answer
				}
			}
		})
	}
	asking.Wait()
	byInstance := make(map[string]Answer, len(asked))
	for i, answer := range answers {
		if answer != nil {
			byInstance[asked[i].Instance] = *answer
		}
	}
	return byInstance
}

func (c Collector) askOne(ctx context.Context, seen Seen, worker units.Worker) Answer {
	dir := filepath.Join(c.RuntimeDir, seen.Name)
	var answer Answer
	answer.Stats, answer.StatsErr = admin.Client{Dir: dir}.Stats(ctx, worker.Instance)
	check := seen.Policy.Health
	if check.Kind != spec.HealthHTTP && check.Kind != spec.HealthTCP {
		return answer // a look starts no programs
	}
	ctx, cancel := context.WithTimeoutCause(ctx, admin.Wait, fmt.Errorf("no answer in %s", admin.Wait))
	defer cancel()
	answer.HasHealth = true
	answer.Health = health.Checker{AdminDir: dir}.Check(ctx, check, worker)
	return answer
}
