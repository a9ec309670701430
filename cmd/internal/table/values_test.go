package table

import (
	"testing"
	"time"
)

func TestValues(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Bytes(0), "0B"}, {Bytes(1023), "1023B"}, {Bytes(1024), "1.0K"}, {Bytes(12 << 20), "12.0M"}, {Bytes(5 << 50), "5120.0T"},
		{Age(-time.Second), "0s"}, {Age(59 * time.Second), "59s"}, {Age(time.Minute), "1m"}, {Age(312 * time.Second), "5m12s"},
		{Age(2*time.Hour + 3*time.Minute), "2h3m"}, {Age(76 * time.Hour), "3d4h"}, {Age(48 * time.Hour), "2d"},
		{CPU(0), "0ms"}, {CPU(999 * time.Millisecond), "999ms"}, {CPU(1500 * time.Millisecond), "1.5s"}, {CPU(90 * time.Second), "1m30s"},
		{Dash(""), "-"}, {Dash("v2"), "v2"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
