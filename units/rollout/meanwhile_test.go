package rollout

import (
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// What somebody does to the cluster while it is rolled, when so many workers are
// updated.
func TestNext_Meanwhile(t *testing.T) {
	takeAway := func(instances ...string) func(*world) {
		return func(w *world) {
			w.seen.Workers = slices.DeleteFunc(w.seen.Workers, func(u units.Worker) bool { return slices.Contains(instances, u.Instance) })
		}
	}
	listener := func(state units.ActiveState) func(*world) {
		return func(w *world) { w.seen.Sockets[0].ActiveState = state }
	}
	surge := func(p *spec.Policy) { p.MaxSurge, p.MaxUnavailable = spec.Number(1), spec.Number(0) }
	tests := []struct {
		story
		then func(*world)
	}{
		{story{name: "a worker is taken away before its turn", workers: 3,
			want: []string{"1>new", "2>new", "Complete"}}, takeAway("3")},
		{story{name: "a worker is taken away after its turn", workers: 3,
			want: []string{"1>new", "2>new", "3>new", "Complete"}}, takeAway("1")},
		{story{name: "the floor is that of the workers that are left", workers: 4, fails: []string{"2"},
			want: []string{"1>new", "2>new", "RollingBack", "2>good", "1>good", "RolledBack"}}, takeAway("3", "4")},
		{story{name: "the cluster is made larger by the worker that stands in", workers: 2, policy: surge,
			want: []string{"3>new", "1>new", "2>new", "Complete"}}, func(w *world) { w.worker("3").Enabled = true }},
		{story{name: "the listener fails, and stays so", workers: 3,
			want: []string{"1>new", "2>new", "RollingBack", "Failing", "Failed"}}, listener(units.FailedState)},
		{story{name: "the listener fails under a restart", workers: 3, restart: true,
			want: []string{"1", "2", "Failing", "Failed"}}, listener(units.FailedState)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.story.meanwhile = tt.then
			if got := tt.tell(t); !slices.Equal(got, tt.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
		})
	}
}

// A listener that fails while a rollback needs it is waited for: somebody may
// mend it.
func TestNext_AListenerThatIsMendedLetsTheRollbackGoOn(t *testing.T) {
	w := story{workers: 3, fails: []string{"2"}}.world(t)
	for w.run.Phase != RollingBack {
		w.happen(w.decide().Wake)
	}
	w.seen.Sockets[0].ActiveState = units.FailedState
	if d := w.decide(); len(d.Do) > 0 || d.Phase != RollingBack {
		t.Fatalf("the listener is down, and Next says %+v", d)
	}
	w.seen.Sockets[0].ActiveState = units.Active
	for !w.run.Phase.Over() {
		w.happen(w.decide().Wake)
	}
	if w.run.Phase != RolledBack {
		t.Errorf("the listener was mended, and it ends as %s", w)
	}
}
