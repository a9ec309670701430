package rollout

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clusterctl/clusterctl/units"
)

// flaky is a connection that ends after some time: every call on it then fails,
// and so do the calls that are under way. systemd goes on behind it.
type flaky struct {
	*fakeSystemd
	lost chan struct{}
}

func newFlaky(systemd *fakeSystemd, life time.Duration) *flaky {
	f := &flaky{systemd, make(chan struct{})}
	go func() {
		time.Sleep(life) // the bubble's clock
		close(f.lost)
		systemd.hint()
	}()
	return f
}

func (f *flaky) List(ctx context.Context) (units.Cluster, error) {
	select {
	case <-f.lost:
		return units.Cluster{}, fmt.Errorf("%w: connection closed", ErrUnreachable)
	default:
		return f.fakeSystemd.List(ctx)
	}
}

func (f *flaky) Restart(ctx context.Context, unit string) (units.JobResult, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-f.lost:
			cancel(fmt.Errorf("%w: connection closed", ErrUnreachable))
		case <-ctx.Done():
		}
	}()
	result, err := f.fakeSystemd.Restart(ctx, unit)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return result, err
}

// dialer fails so often and then gives a connection that lives.
type dialer struct {
	systemd  *fakeSystemd
	failures int
	life     time.Duration
	dialed   []time.Duration // since the begin
	begin    time.Time
}

func (d *dialer) Dial(context.Context) (Systemd, error) {
	d.dialed = append(d.dialed, time.Since(d.begin))
	if d.failures > 0 {
		d.failures--
		return nil, errors.New("no message bus")
	}
	return newFlaky(d.systemd, d.life), nil
}

func TestEngine_ABusThatIsLostCostsNothing(t *testing.T) {
	for _, life := range []time.Duration{0, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond, 2999 * time.Millisecond} {
		t.Run(life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(4)
				r.systemd.script = restartsIn(time.Second)
				r.engine.Systemd = newFlaky(r.systemd, life)
				r.engine.Dialer = &dialer{systemd: r.systemd, failures: 3, life: 1700 * time.Millisecond, begin: time.Now()}
				requireEnd(t, r.rollTo(t, t.Context(), newRelease), Complete, "")
				requireReleases(t, r, newRelease)
				time.Sleep(time.Hour) // for the connections to end
			})
		})
	}
}

func TestEngine_WaitsForTheBusLongerAndLongerUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(2)
		r.systemd.listErr = ErrUnreachable
		d := &dialer{failures: 1 << 30, begin: time.Now()}
		r.engine.Dialer = d
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		requireEnd(t, r.roll(t, ctx), Interrupted, "")
		if len(r.systemd.asked) != 0 {
			t.Errorf("restarted %q without having seen anything", r.systemd.asked)
		}
		if n := len(d.dialed); n < 10 || n > 20 {
			t.Errorf("dialed %d times in a minute, at %s", n, d.dialed)
		}
	})
}

func TestEngine_AnErrorThatIsNotTheBusEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(2)
		r.systemd.listErr = errors.New("access denied")
		r.engine.Dialer = &dialer{systemd: r.systemd}
		run, err := r.engine.Begin(Start{Cluster: "web", Revision: 1, Policy: r.policy, Workers: []string{"1", "2"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.engine.Roll(t.Context(), run); err == nil || err.Error() != `look at cluster "web": access denied` {
			t.Errorf("error %v", err)
		}
	})
}
