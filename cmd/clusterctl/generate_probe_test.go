package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// answers are those of a worker, one after the other; the last one stays.
type answers []error

func (a *answers) Check(context.Context, spec.Health, units.Worker) error {
	answer := (*a)[0]
	if len(*a) > 1 {
		*a = (*a)[1:]
	}
	return answer
}

func TestProbe(t *testing.T) {
	notYet := errors.New("connection refused")
	o := &probeOptions{cluster: "web", instance: "3"}
	synctest.Test(t, func(t *testing.T) {
		if err := o.wait(t.Context(), &answers{notYet, notYet, nil}, spec.Health{}); err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*probeInterval)
		defer cancel()
		err := o.wait(ctx, &answers{notYet}, spec.Health{})
		if want := `"web@3.service" is not ready: connection refused`; err == nil || err.Error() != want {
			t.Errorf("%v, wanted %s", err, want)
		}
	})
}
