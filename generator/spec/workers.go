package spec

import (
	"fmt"
	"strconv"
	"strings"
)

// DefaultWorkers is how many workers a cluster has that does not say.
const DefaultWorkers = 2

// MostWorkers bounds Workers=.
const MostWorkers = 10_000

// Workers is how many workers a cluster has: a number, or a share of the CPUs.
type Workers struct {
	number  int
	percent int // of the CPUs; 0 if it is a number
}

// WorkerNumber is a fixed number of workers.
func WorkerNumber(n int) Workers { return Workers{number: n} }

// ParseWorkers reads "4", "auto" (one a CPU) or "50%" (of the CPUs).
func ParseWorkers(s string) (Workers, error) {
	bad := fmt.Errorf(`%q: wanted a number from 1 to %d, or "auto" for one worker a CPU`, s, MostWorkers)
	if s == "auto" {
		return Workers{percent: 100}, nil
	}
	digits, isShare := strings.CutSuffix(s, "%")
	n, err := strconv.ParseUint(digits, 10, 32)
	switch {
	case err != nil || n < 1 || n > MostWorkers:
		return Workers{}, bad
	case isShare:
		return Workers{percent: int(n)}, nil
	}
	return Workers{number: int(n)}, nil
}

// Count is the number of workers on a machine with so many CPUs, at least 1. A
// share is rounded up: 50% of 3 CPUs are 2.
func (w Workers) Count(cpus int) int {
	if w.percent == 0 {
		return w.number
	}
	return min(max((cpus*w.percent+99)/100, 1), MostWorkers)
}

// String is as it stands in a file.
func (w Workers) String() string {
	switch w.percent {
	case 0:
		return strconv.Itoa(w.number)
	case 100:
		return "auto"
	}
	return strconv.Itoa(w.percent) + "%"
}

// Number is the number of workers, if it is the same on every machine.
func (w Workers) Number() (int, bool) { return w.number, w.percent == 0 }
