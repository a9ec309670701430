package rollout

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// A whole rollout, decided and folded, without systemd and disk. Every decision
// looks at all workers, so the time for one grows with their number; with 1,000
// it stays below a tenth of the 20 ms that systemd needs for the job.
func BenchmarkRollout(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				w := wholeWorld(b, n)
				for !w.run.Phase.Over() {
					decision := Next(w.run, w.seen, w.now)
					w.record(decision.entry(w.now))
					for _, action := range decision.Do {
						w.accept(action)
					}
					w.happen(decision.Wake)
				}
				if w.run.Phase != Complete {
					b.Fatal(Describe(w.run))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/worker")
		})
	}
}

func wholeWorld(t testing.TB, n int) *world {
	w := &world{t: t, random: rand.New(rand.NewPCG(1, 1)), now: time.Unix(1_800_000_000, 0), reached: make(map[string]bool)}
	w.seen = Seen{Releases: make(map[string]string, n), Probes: make(map[string]Probe)}
	start := Start{Cluster: "web", Revision: 1, Policy: spec.DefaultPolicy(), Release: newRelease, Previous: goodRelease}
	for i := range n {
		instance := strconv.Itoa(i + 1)
		start.Workers = append(start.Workers, instance)
		w.seen.Releases[instance] = goodRelease
		worker := units.Worker{Instance: instance, InvocationID: fmt.Sprintf("start-%d", i), Enabled: true, ActiveFor: time.Hour}
		worker.ActiveState = units.Active
		w.seen.Workers = append(w.seen.Workers, worker)
	}
	w.record(Entry{Kind: KindStart, Start: &start})
	return w
}
