package activation

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// request is one client's way to send one request, which is never repeated.
type request func(ctx context.Context, path string) error

// rollUnderLoad replaces two workers in turn while clients send requests, quick
// ones, slow ones, and some whose header is out before the drain begins. Every
// request has to be answered.
func rollUnderLoad(t *testing.T, scenario string, connect func(address string) []request) {
	t.Helper()
	const rolls = 12
	systemd := newManager(t)
	workers := []*child{systemd.start(scenario, underLoad), systemd.start(scenario, underLoad)}
	for _, worker := range workers {
		worker.waitFor("READY=1")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load loadGroup
	for number, send := range connect(systemd.address()) {
		load.add(ctx, t, number, send)
	}
	for i := range rolls {
		old := workers[i%2]
		old.terminate()
		if code, log := old.wait(); code != 0 {
			t.Errorf("exit of %s: wanted 0, got %d\n%s", old, code, log)
		}
		workers[i%2] = systemd.start(scenario, underLoad)
		workers[i%2].waitFor("READY=1")
	}
	stop()
	t.Logf("%d requests answered over %d drains", load.wait(), rolls)
}

// loadGroup is a number of clients that send until their context ends.
type loadGroup struct {
	clients sync.WaitGroup
	served  atomic.Int64
}

func (g *loadGroup) add(ctx context.Context, t *testing.T, number int, send request) {
	g.clients.Go(func() { g.served.Add(sendUntil(ctx, t, number, send)) })
}

// wait returns how many requests were answered.
func (g *loadGroup) wait() int64 {
	g.clients.Wait()
	return g.served.Load()
}

func sendUntil(ctx context.Context, t *testing.T, number int, send request) (served int64) {
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return served
		case <-time.After(time.Duration((number*7+i*13)%20) * time.Millisecond):
		}
		path := []string{"/", "/?sleep=5ms", "/?sleep=50ms&late=1"}[(number+i)%3]
		if err := send(context.WithoutCancel(ctx), path); err != nil {
			t.Errorf("lost: %v", err)
			return served
		}
		served++
	}
}
