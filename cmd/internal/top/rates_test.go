package top

import (
	"testing"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
)

func TestRates(t *testing.T) {
	before, after := snapshot(10), snapshot(12)
	got := rates(before, after)["web"]
	if r := got["web@1.service"]; *r.Requests != 300 || *r.Errors != 0 || *r.CPU != 0.25 {
		t.Errorf("web@1: %v req/s, %v err/s, CPU %v", *r.Requests, *r.Errors, *r.CPU)
	}
	if r := got["web@4.service"]; r != (Rate{}) {
		t.Errorf("a failed worker: %+v", r)
	}
	if n := total(got, func(r Rate) *float64 { return r.Requests }); *n != 400 {
		t.Errorf("total %v", *n)
	}
	if n := total(rates(before, after)["api"], func(r Rate) *float64 { return r.Requests }); n != nil {
		t.Errorf("workers that do not tell: %v", *n)
	}
	// Of web@1 and web@2, which are in service: 300 against an average of 200.
	if s := skew(after.Clusters[1], got); s != 1.5 {
		t.Errorf("skew %v, want 1.5", s)
	}
	if s := skew(after.Clusters[0], rates(before, after)["api"]); s != 0 {
		t.Errorf("skew of what is not known: %v", s)
	}
}

func TestRates_UnknownAfterARestart(t *testing.T) {
	for name, change := range map[string]func(*overview.Worker){
		"another process":     func(w *overview.Worker) { w.MainPID++ },
		"a counter went back": func(w *overview.Worker) { w.Numbers.Requests = number(1) },
		"not told":            func(w *overview.Worker) { w.Numbers.Requests = nil },
		"another unit":        func(w *overview.Worker) { w.Unit = "web@9.service" },
	} {
		after := snapshot(12)
		worker := &after.Clusters[1].Workers[0]
		change(worker)
		if r := rates(snapshot(10), after)["web"][worker.Unit]; r.Requests != nil {
			t.Errorf("%s: %v requests a second", name, *r.Requests)
		}
	}
	if r := rates(snapshot(10), snapshot(10))["web"]["web@1.service"]; r.Requests != nil {
		t.Error("no time has gone by, and there is a rate")
	}
}
