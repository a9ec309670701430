package table

import (
	"fmt"
	"strconv"
	"time"
)

// Dash stands for what is not known.
func Dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// Bytes is a size for people, in the units of 1024 bytes that systemctl uses.
func Bytes(n uint64) string {
	const step = 1024
	size, unit := float64(n), 0
	for size >= step && unit < 4 {
		size /= step
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%dB", n)
	}
	return fmt.Sprintf("%.1f%c", size, "BKMGT"[unit])
}

// Age is a length of time for people, in its two largest units as kubectl has
// them: "45s", "5m12s", "2h3m", "3d4h".
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, d/time.Second))
	case d < time.Hour:
		return two(d, time.Minute, "m", time.Second, "s")
	case d < day:
		return two(d, time.Hour, "h", time.Minute, "m")
	}
	return two(d, day, "d", time.Hour, "h")
}

func two(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	text := strconv.Itoa(int(d/large)) + largeName
	if rest := d % large / small; rest > 0 {
		text += strconv.Itoa(int(rest)) + smallName
	}
	return text
}

// CPU is time that a processor has spent.
func CPU(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return Age(d)
}
