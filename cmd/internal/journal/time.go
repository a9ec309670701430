package journal

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// ParseTime is the moment that a text means, as systemd itself reads it
// (systemd.time(7)): "-10min", "yesterday", "2026-01-31 18:00". The zero time is
// that of "".
func ParseTime(ctx context.Context, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	cmd := exec.CommandContext(ctx, "systemd-analyze", "timestamp", "--", text)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.Output()
	if err != nil {
		return time.Time{}, fmt.Errorf(`%q: wanted a time such as "-10min", "today" or "2026-01-31 18:00"`, text)
	}
	return unixSeconds(string(out))
}

// unixSeconds finds the line "UNIX seconds: @1795689583.494316".
func unixSeconds(out string) (time.Time, error) {
	for line := range strings.Lines(out) {
		_, seconds, ok := strings.Cut(line, "UNIX seconds: @")
		if !ok {
			continue
		}
		whole, fraction, _ := strings.Cut(strings.TrimSpace(seconds), ".")
		s, err := strconv.ParseInt(whole, 10, 64)
		if err != nil {
			break
		}
		const digits = 9
		nanoseconds, err := strconv.ParseInt((fraction + "000000000")[:digits], 10, 64)
		if err != nil {
			break
		}
		return time.Unix(s, nanoseconds), nil
	}
	return time.Time{}, fmt.Errorf("systemd-analyze timestamp: no time in %q", out)
}

// formatTime is a moment as journalctl takes it, to the microsecond; "" is that of
// the zero time.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("@%d.%06d", t.Unix(), t.Nanosecond()/int(time.Microsecond))
}
