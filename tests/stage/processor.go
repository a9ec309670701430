package stage

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/PID/stat (proc(5)), the same on every Linux that Go
// runs on.
const tick = 10 * time.Millisecond

// ProcessorTime is what a command that was started with Command has used of a
// processor until now, user and system together. nsenter has it as its child.
func ProcessorTime(command *exec.Cmd) (time.Duration, error) {
	pid := strconv.Itoa(command.Process.Pid)
	children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if err != nil {
		return 0, err
	}
	if child := strings.Fields(string(children)); len(child) > 0 {
		pid = child[0]
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may have blanks
	fields := strings.Fields(rest)
	const user, system = 11, 12
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/%s/stat: %q", pid, stat)
	}
	var ticks int
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("/proc/%s/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
