package spec

import (
	"strings"
	"testing"
	"time"
)

func TestPolicy_NumbersOfWorkers(t *testing.T) {
	for _, c := range []struct {
		unavailable, surge string
		workers            int
		wantUnavailable    int
		wantSurge          int
	}{
		{"1", "0", 4, 1, 0},
		{"9", "0", 4, 4, 0},
		{"34%", "0", 3, 1, 0},
		{"10%", "0", 3, 1, 0},  // 0 by rounding alone is 1
		{"10%", "1%", 3, 0, 1}, // unless a surge can make way
		{"0", "25%", 5, 0, 2},
		{"100%", "100%", 7, 7, 7},
		{"1", "0", 0, 0, 0},
	} {
		p := DefaultPolicy()
		for key, value := range map[string]string{"MaxUnavailable": c.unavailable, "MaxSurge": c.surge} {
			if err := setPolicy(&p, "test", Setting{Key: key, Value: value}); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.Unavailable(c.workers); got != c.wantUnavailable {
			t.Errorf("MaxUnavailable=%s MaxSurge=%s: Unavailable(%d) = %d, want %d", c.unavailable, c.surge, c.workers, got, c.wantUnavailable)
		}
		if got := p.Surge(c.workers); got != c.wantSurge {
			t.Errorf("MaxUnavailable=%s MaxSurge=%s: Surge(%d) = %d, want %d", c.unavailable, c.surge, c.workers, got, c.wantSurge)
		}
	}
}

func TestPolicy_Contradictions(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"MaxUnavailable=0", "MaxUnavailable: 0 together with MaxSurge=0 lets a rollout move no worker"},
		{"MaxUnavailable=0%\nMaxSurge=0%", "MaxUnavailable: 0 together"},
		{"CanaryHoldSec=infinity", "CanaryHoldSec: infinity holds a canary, but Canary=0 asks for none"},
		{"MinReadySec=10min", "ProgressDeadlineSec: 10min is not longer than MinReadySec=10min"},
		{"DrainSec=1h", "ProgressDeadlineSec: 10min is not longer than DrainSec=1h"},
		{"DrainSec=0", "DrainSec: 0 would kill requests in flight"},
		{"RevisionHistoryLimit=0", "RevisionHistoryLimit: 0 keeps nothing that AutoRollback=yes could go back to"},
		{"Health=http /healthz\nHealthTimeoutSec=0", "HealthTimeoutSec: 0 leaves no time for an answer"},
		{"Health=tcp\n", `Health: "tcp": wanted "none"`},
		{"Health=ping", `Health: "ping": wanted "none"`},
		{"MaxUnavailable=-1", `MaxUnavailable: "-1": wanted a number of workers`},
		{"MaxUnavailable=101%", `MaxUnavailable: "101%": wanted`},
		{"AutoRollback=perhaps", `AutoRollback: "perhaps": wanted yes or no`},
		{"MinReadySec=infinity", `MinReadySec: "infinity": wanted a time span of at most a year`},
		{"DrianSec=1", `DrianSec: unknown key, did you mean "DrainSec"?`},
	} {
		_, err := ParsePolicy(Source{Path: "web.service", Data: []byte("[X-Cluster]\n" + c.lines)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.lines, err, c.want)
		}
	}
}

func TestParsePolicy_LaterFilesWin(t *testing.T) {
	got, err := ParsePolicy(
		Source{"web.service", []byte("[Service]\nExecStart=x\n[X-Cluster]\nWorkers=4\nMaxUnavailable=2\nDrainSec=5\n")},
		Source{"10.conf", []byte("[X-Cluster]\nMaxUnavailable=50%\nCanary=1\nCanaryHoldSec=infinity\n")},
		Source{"20.conf", []byte("[X-Cluster]\nDrainSec=\n")},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultPolicy()
	want.MaxUnavailable, want.Canary, want.CanaryHoldSec = Percent(50), Number(1), Infinity
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParsePolicy_SaysAllFaultsWithTheirLines(t *testing.T) {
	_, err := ParsePolicy(
		Source{"web.service", []byte("[X-Cluster]\nMaxSurge=x\n")},
		Source{"10.conf", []byte("[X-Cluster]\n\nCanary=y\n")},
	)
	want := `web.service:2: MaxSurge: "x": wanted a number of workers, or a share from "0%" to "100%"
10.conf:3: Canary: "y": wanted a number of workers, or a share from "0%" to "100%"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestPolicy_FormatIsReadBack(t *testing.T) {
	policy := Policy{
		MaxUnavailable: Percent(33), MaxSurge: Number(2), Canary: Percent(5), CanaryHoldSec: 90 * time.Second,
		MinReadySec: 1500 * time.Millisecond, ProgressDeadlineSec: time.Hour, DrainSec: 61 * time.Second,
		AutoRollback: false, RevisionHistoryLimit: 3,
		Health: Health{Kind: HealthHTTP, Target: "http://127.0.0.1:900%i/x", Interval: time.Second, Timeout: 2 * time.Second, Threshold: 7},
	}
	for _, want := range []Policy{policy, DefaultPolicy()} {
		got, err := ParsePolicy(Source{"x", append([]byte("[X-Cluster]\n"), want.Format()...)})
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestParseTimeSpan(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"30": 30 * time.Second, "2min 30s": 150 * time.Second, "2min30s": 150 * time.Second, "500ms": 500 * time.Millisecond,
		"1.5": 1500 * time.Millisecond, ".5s": 500 * time.Millisecond, "1h 2": time.Hour + 2*time.Second, "0": 0,
		"1us": time.Microsecond, "1μs": time.Microsecond, "0.1us": 0, "1week": 7 * 24 * time.Hour, "5 s": 5 * time.Second,
	} {
		if got, err := ParseTimeSpan(s); err != nil || got != want {
			t.Errorf("ParseTimeSpan(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", " ", "s", "-1", "1 x", "1.2.3s", "99999999999999999999", "2y", "1e3", "5,5", "."} {
		if got, err := ParseTimeSpan(s); err == nil {
			t.Errorf("ParseTimeSpan(%q) = %v, want an error", s, got)
		}
	}
}

func TestFormatTimeSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", time.Second: "1s", 90 * time.Second: "1min 30s", 36 * time.Hour: "36h",
		1001 * time.Millisecond: "1s 1ms", Infinity: "infinity", 1500 * time.Nanosecond: "1us",
	} {
		if got := FormatTimeSpan(d); got != want {
			t.Errorf("FormatTimeSpan(%d) = %q, want %q", d, got, want)
		}
	}
}
