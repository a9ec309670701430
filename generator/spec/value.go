package spec

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// IntOrPercent is a number of workers, or a share of all of them.
type IntOrPercent struct {
	value   int
	percent bool
}

// Number is a fixed number of workers.
func Number(n int) IntOrPercent { return IntOrPercent{value: n} }

// Percent is a share of all workers.
func Percent(n int) IntOrPercent { return IntOrPercent{value: n, percent: true} }

// ParseIntOrPercent reads "3" or "25%".
func ParseIntOrPercent(s string) (IntOrPercent, error) {
	digits, percent := strings.CutSuffix(s, "%")
	n, err := parseCount(digits)
	if err != nil || percent && n > 100 {
		return IntOrPercent{}, fmt.Errorf(`%q: wanted a number of workers, or a share from "0%%" to "100%%"`, s)
	}
	return IntOrPercent{value: n, percent: percent}, nil
}

// Floor is how many of so many workers that is, rounded down: 34% of 3 are 1.
func (i IntOrPercent) Floor(workers int) int {
	if !i.percent {
		return i.value
	}
	return workers * i.value / 100
}

// Ceil is how many of so many workers that is, rounded up: 34% of 3 are 2.
func (i IntOrPercent) Ceil(workers int) int {
	if !i.percent {
		return i.value
	}
	return (workers*i.value + 99) / 100
}

// IsZero says that it is no worker, whatever their number.
func (i IntOrPercent) IsZero() bool { return i.value == 0 }

func (i IntOrPercent) String() string {
	if i.percent {
		return strconv.Itoa(i.value) + "%"
	}
	return strconv.Itoa(i.value)
}

// MarshalJSON writes it as a string, as it stands in a file.
func (i IntOrPercent) MarshalJSON() ([]byte, error) { return json.Marshal(i.String()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (i *IntOrPercent) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	parsed, err := ParseIntOrPercent(s)
	*i = parsed
	return err
}

// mostCount keeps every sum of counts far from an overflow.
const mostCount = 1_000_000

func parseCount(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n > mostCount {
		return 0, fmt.Errorf("%q: wanted a whole number from 0 to %d", s, mostCount)
	}
	return int(n), nil
}

// timeUnits are those of systemd.time(7) that a rollout has use for.
var timeUnits = []struct {
	names []string
	unit  time.Duration
}{
	{[]string{"us", "usec", "µs"}, time.Microsecond},
	{[]string{"ms", "msec"}, time.Millisecond},
	{[]string{"s", "sec", "second", "seconds", ""}, time.Second},
	{[]string{"m", "min", "minute", "minutes"}, time.Minute},
	{[]string{"h", "hr", "hour", "hours"}, time.Hour},
	{[]string{"d", "day", "days"}, 24 * time.Hour},
	{[]string{"w", "week", "weeks"}, 7 * 24 * time.Hour},
}

// mostTime bounds a time span, so that sums can't overflow.
const mostTime = 365 * 24 * time.Hour

// ParseTimeSpan reads a time span of systemd.time(7): "2min 30s", "500ms"; a
// bare number is seconds.
func ParseTimeSpan(s string) (time.Duration, error) {
	var sum time.Duration
	rest := strings.TrimSpace(s)
	if rest == "" {
		return 0, badTimeSpan(s)
	}
	for rest != "" {
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789."))]
		rest = strings.TrimLeft(rest[len(digits):], " \t")
		name := rest[:len(rest)-len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzµ"))]
		rest = strings.TrimLeft(rest[len(name):], " \t")
		number, err := strconv.ParseFloat(digits, 64)
		unit, known := timeUnit(name)
		if err != nil || !known || number*float64(unit) > float64(mostTime) {
			return 0, badTimeSpan(s)
		}
		sum += time.Duration(number*float64(unit) + 0.5)
	}
	if sum > mostTime {
		return 0, badTimeSpan(s)
	}
	return sum.Truncate(time.Microsecond), nil
}

func badTimeSpan(s string) error {
	return fmt.Errorf(`%q: wanted a time span of at most a year, such as "30s", "2min 30s" or "500ms"`, s)
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

// FormatTimeSpan writes a time span so that systemd and ParseTimeSpan read the
// same one back: whole microseconds, largest unit first.
func FormatTimeSpan(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	var parts []string
	for _, u := range []struct {
		name string
		unit time.Duration
	}{{"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}} {
		if n := d / u.unit; n > 0 {
			parts = append(parts, fmt.Sprintf("%d%s", n, u.name))
			d -= n * u.unit
		}
	}
	return strings.Join(parts, " ")
}
