package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var highWater = regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`)

// runMeasured runs a command of a sandbox, and returns the most memory that it had.
func runMeasured(cmd *exec.Cmd) (peak int, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended, measured := make(chan struct{}), make(chan int)
	go func() { measured <- peakMemory(cmd.Process.Pid, ended) }()
	err = cmd.Wait()
	close(ended)
	return <-measured, err
}

// peakMemory follows the only child of a process until it ends, and returns the
// most memory that it ever had, in bytes: the kernel keeps the high-water mark,
// so the last look is close to it. (The ru_maxrss of a process that this one
// started counts what this one had itself at that moment.)
func peakMemory(parent int, ended <-chan struct{}) int {
	peak := 0
	for {
		child, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent)) // it may not be there yet, or any more
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%s/status", strings.TrimSpace(string(child))))
		if mark := highWater.FindSubmatch(status); mark != nil {
			kilobytes, _ := strconv.Atoi(string(mark[1])) // the pattern has digits alone
			peak = max(peak, 1024*kilobytes)
		}
		select {
		case <-ended:
			return peak
		case <-time.After(10 * time.Millisecond):
		}
	}
}
