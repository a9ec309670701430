package spec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Infinity is the time span "infinity" of systemd.time(7): no end.
const Infinity = time.Duration(math.MaxInt64)

// mostTime bounds a finite time span, so that sums can't overflow.
const mostTime = 366 * 24 * time.Hour

// timeUnits are those of systemd.time(7).
var timeUnits = []struct {
	names []string
	unit  time.Duration
}{
	{[]string{"us", "usec", "µs", "μs"}, time.Microsecond}, // the micro sign, and the Greek letter
	{[]string{"ms", "msec"}, time.Millisecond},
	{[]string{"s", "sec", "second", "seconds", ""}, time.Second},
	{[]string{"m", "min", "minute", "minutes"}, time.Minute},
	{[]string{"h", "hr", "hour", "hours"}, time.Hour},
	{[]string{"d", "day", "days"}, 24 * time.Hour},
	{[]string{"w", "week", "weeks"}, 7 * 24 * time.Hour},
	{[]string{"M", "month", "months"}, 2629800 * time.Second},
	{[]string{"y", "year", "years"}, 31557600 * time.Second},
}

// ParseTimeSpan reads a finite time span of systemd.time(7): "2min 30s",
// "500ms"; a bare number is seconds. What is finer than a microsecond is cut
// off, as systemd does.
func ParseTimeSpan(s string) (time.Duration, error) {
	bad := fmt.Errorf(`%q: wanted a time span of at most a year, such as "30s", "2min 30s" or "500ms"`, s)
	var sum time.Duration
	rest := strings.TrimSpace(s)
	if rest == "" {
		return 0, bad
	}
	for rest != "" {
		number, name := "", ""
		number, rest = leading(rest, func(r rune) bool { return r == '.' || r >= '0' && r <= '9' })
		name, rest = leading(rest, func(r rune) bool { return r != '.' && r != ' ' && r != '\t' && (r < '0' || r > '9') })
		part, ok := timePart(number, name)
		if !ok || sum+part > mostTime {
			return 0, bad
		}
		sum += part
	}
	return sum, nil
}

// leading cuts the runes off that match, and the blanks after them.
func leading(s string, match func(rune) bool) (matching, rest string) {
	rest = strings.TrimLeftFunc(s, match)
	return s[:len(s)-len(rest)], strings.TrimLeft(rest, " \t")
}

// timePart is the number of units, in whole microseconds: 1.5 of "ms" are 1500us.
func timePart(number, name string) (time.Duration, bool) {
	whole, fraction, _ := strings.Cut(number, ".")
	unit, known := timeUnit(name)
	if !known || whole+fraction == "" || strings.Contains(fraction, ".") {
		return 0, false
	}
	var sum time.Duration
	if whole != "" {
		n, err := strconv.ParseUint(whole, 10, 63)
		if err != nil || n > uint64(mostTime/unit) {
			return 0, false
		}
		sum = time.Duration(n) * unit
	}
	for _, digit := range fraction {
		unit /= 10
		sum += time.Duration(digit-'0') * unit
	}
	return sum.Truncate(time.Microsecond), true
}

func timeUnit(name string) (time.Duration, bool) {
	for _, u := range timeUnits {
		for _, known := range u.names {
			if name == known {
				return u.unit, true
			}
		}
	}
	return 0, false
}

func parseTimeSpanOrInfinity(s string) (time.Duration, error) {
	if s == "infinity" {
		return Infinity, nil
	}
	d, err := ParseTimeSpan(s)
	if err != nil {
		return 0, fmt.Errorf(`%w, or "infinity"`, err)
	}
	return d, nil
}

// FormatTimeSpan writes a time span so that systemd and ParseTimeSpan read the
// same one back: whole microseconds, largest unit first.
func FormatTimeSpan(d time.Duration) string {
	switch {
	case d == Infinity:
		return "infinity"
	case d < time.Microsecond:
		return "0"
	}
	var parts []string
	for _, u := range []struct {
		name string
		unit time.Duration
	}{{"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}} {
		if n := d / u.unit; n > 0 {
			parts = append(parts, strconv.FormatInt(int64(n), 10)+u.name)
			d -= n * u.unit
		}
	}
	return strings.Join(parts, " ")
}
