package spec

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
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

// ParseBool reads a truth value of systemd.syntax(7).
func ParseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "1", "yes", "y", "true", "t", "on":
		return true, nil
	case "0", "no", "n", "false", "f", "off":
		return false, nil
	}
	return false, fmt.Errorf("%q: wanted yes or no", s)
}

func formatBool(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
