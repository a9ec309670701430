package activation

import (
	"context"
	"net/http"
	"testing"
	"time"
)

func TestRecycle_Due(t *testing.T) {
	tests := []struct {
		name   string
		limits Recycle
		now    usage
		want   string
	}{
		{name: "no limits", now: usage{stats: Stats{Panics: 9, Requests: 9}, age: time.Hour, memory: 1 << 40}},
		{name: "below", limits: Recycle{Panics: 2, Requests: 10, Age: time.Hour, Memory: 100},
			now: usage{stats: Stats{Panics: 1, Requests: 9}, age: time.Minute, memory: 99}},
		{name: "panics", limits: Recycle{Panics: 2}, now: usage{stats: Stats{Panics: 2}}, want: "2 panics, limit 2"},
		{name: "requests", limits: Recycle{Requests: 10}, now: usage{stats: Stats{Requests: 11}}, want: "11 requests, limit 10"},
		{name: "age", limits: Recycle{Age: time.Hour}, now: usage{age: time.Hour}, want: "age 1h0m0s, limit 1h0m0s"},
		{name: "memory", limits: Recycle{Memory: 100}, now: usage{memory: 200}, want: "200 bytes of memory, limit 100"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.limits.due(test.now); got != test.want {
				t.Errorf("wanted %q, got %q", test.want, got)
			}
		})
	}
}

func TestRecycle_JitterOnlyRaises(t *testing.T) {
	limits := Recycle{Panics: 10, Requests: 1000, Age: time.Hour}
	if got := limits.jittered(func() float64 { return 0 }); got != limits {
		t.Errorf("least: wanted %+v, got %+v", limits, got)
	}
	want := Recycle{Panics: 12, Requests: 1200, Age: 72 * time.Minute}
	if got := limits.jittered(func() float64 { return 1 }); got != want {
		t.Errorf("most: wanted %+v, got %+v", want, got)
	}
}

// recycleScenario panics on request, and leaves after the first panic.
func recycleScenario() error {
	worker := testWorker(&http.Server{Handler: testHandler()})
	worker.Recycle = Recycle{Panics: 1}
	return worker.Run(context.Background())
}

func TestRecycle_WorkerDrainsAndEnds(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("recycle")
	worker.waitFor("READY=1")
	client := &rawClient{address: systemd.address()}
	defer client.close()
	if _, err := client.get("/panic"); err == nil {
		t.Error("wanted 500, got 200")
	}
	worker.waitFor("STOPPING=1")
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}
