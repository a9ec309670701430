package activation

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

const (
	// RecycleJitter is the largest part by which a limit of Recycle is raised,
	// at random, so that workers that started together don't leave together.
	RecycleJitter = 0.2

	recycleInterval = time.Second
)

// Recycle has a worker replaced before it fails: past a limit it drains, Run
// returns nil, and systemd starts it anew, which takes Restart=always
// (systemd.service(5)). Zero is no limit.
type Recycle struct {
	Panics   int64         // contained panics of handlers
	Requests int64         // requests served
	Age      time.Duration // since Run
	Memory   int64         // resident set in bytes
}

// usage is what the limits are compared with.
type usage struct {
	stats  Stats
	age    time.Duration
	memory int64
}

func (l Recycle) jittered(random func() float64) Recycle {
	raise := func(limit int64) int64 { return limit + int64(float64(limit)*RecycleJitter*random()) }
	return Recycle{
		Panics:   raise(l.Panics),
		Requests: raise(l.Requests),
		Age:      time.Duration(raise(int64(l.Age))),
		Memory:   raise(l.Memory),
	}
}

// due returns the limit that is passed, in words, or "".
func (l Recycle) due(now usage) string {
	switch {
	case l.Panics > 0 && now.stats.Panics >= l.Panics:
		return fmt.Sprintf("%d panics, limit %d", now.stats.Panics, l.Panics)
	case l.Requests > 0 && now.stats.Requests >= l.Requests:
		return fmt.Sprintf("%d requests, limit %d", now.stats.Requests, l.Requests)
	case l.Age > 0 && now.age >= l.Age:
		return fmt.Sprintf("age %s, limit %s", now.age, l.Age)
	case l.Memory > 0 && now.memory >= l.Memory:
		return fmt.Sprintf("%d bytes of memory, limit %d", now.memory, l.Memory)
	default:
		return ""
	}
}

// watchUsage sends the reason when a limit is passed.
func (r *run) watchUsage(ctx context.Context, passed chan<- string) {
	if r.Recycle == (Recycle{}) {
		return
	}
	limits := r.Recycle.jittered(rand.Float64)
	ticker := time.NewTicker(recycleInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := usage{stats: r.total(), age: time.Since(r.began), memory: residentMemory()}
		if reason := limits.due(now); reason != "" {
			passed <- reason
			return
		}
	}
}

// residentMemory is 0 where /proc is not to be had (proc_pid_statm(5)).
func residentMemory() int64 {
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	return readStatm(content)
}

func readStatm(content []byte) int64 {
	fields := bytes.Fields(content)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil || pages < 0 || pages > math.MaxInt64/int64(os.Getpagesize()) {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
