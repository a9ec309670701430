package bus

import (
	"math"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/units"
)

func TestVersionOf(t *testing.T) {
	for text, want := range map[string]int{"252.39-1~deb12u1": 252, "v257.9": 257, "262~rc1-1": 262, "255": 255} {
		if got, err := versionOf(text); err != nil || got != want {
			t.Errorf("%q: %d, %v, wanted %d", text, got, err, want)
		}
	}
	for _, bad := range []string{"", "v", "unknown"} {
		if got, err := versionOf(bad); err == nil {
			t.Errorf("%q: %d", bad, got)
		}
	}
}

func TestSpan(t *testing.T) {
	for microseconds, want := range map[uint64]time.Duration{0: 0, 1_500_000: 1500 * time.Millisecond, math.MaxUint64: units.NoLimit, math.MaxUint64 / 2: units.NoLimit} {
		if got := span(microseconds); got != want {
			t.Errorf("%d: %s, wanted %s", microseconds, got, want)
		}
	}
}
