package activation

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// firstDescriptor is SD_LISTEN_FDS_START of sd_listen_fds(3).
const firstDescriptor = 3

// unnamed is what systemd calls a descriptor without FileDescriptorName=.
const unnamed = "unknown"

// handover is what the environment says that systemd passed.
type handover struct {
	supervised bool     // the process was started by a service manager
	names      []string // one a descriptor, from firstDescriptor on
}

// readHandover judges the environment of process pid. isPassed tells whether
// a descriptor exists, and was passed to the process.
func readHandover(lookup func(string) (string, bool), pid int, isPassed func(int) bool) (handover, error) {
	supervised := isSupervised(lookup, pid)
	listenPID, hasPID := lookup("LISTEN_PID")
	listenFDs, hasFDs := lookup("LISTEN_FDS")
	if !hasPID && !hasFDs {
		return handover{supervised: supervised}, nil
	}
	if listenPID != strconv.Itoa(pid) {
		return handover{}, &EnvironmentError{"LISTEN_PID", listenPID, fmt.Sprintf("%d, this process: the descriptors belong to another", pid)}
	}
	count, err := strconv.Atoi(listenFDs)
	if err != nil || count < 1 {
		return handover{}, &EnvironmentError{"LISTEN_FDS", listenFDs, "a number of descriptors, at least 1"}
	}
	for i := range count {
		if fd := firstDescriptor + i; !isPassed(fd) {
			return handover{}, &EnvironmentError{"LISTEN_FDS", listenFDs, fmt.Sprintf("%d, as descriptor %d was not passed", i, fd)}
		}
	}
	names, err := readNames(lookup, count)
	if err != nil {
		return handover{}, err
	}
	return handover{supervised: true, names: names}, nil
}

func readNames(lookup func(string) (string, bool), count int) ([]string, error) {
	value, ok := lookup("LISTEN_FDNAMES")
	if !ok {
		names := make([]string, count)
		for i := range names {
			names[i] = unnamed
		}
		return names, nil
	}
	names := strings.Split(value, ":")
	if len(names) != count {
		return nil, &EnvironmentError{"LISTEN_FDNAMES", value, fmt.Sprintf("%d names, one for each of LISTEN_FDS", count)}
	}
	return names, nil
}

// isSupervised tells a worker that lost its socket from one started by hand.
// Only the process that systemd itself executed has its own number in
// SYSTEMD_EXEC_PID (systemd.exec(5), since 248).
func isSupervised(lookup func(string) (string, bool), pid int) bool {
	if _, ok := lookup("NOTIFY_SOCKET"); ok {
		return true
	}
	executed, _ := lookup("SYSTEMD_EXEC_PID")
	return executed == strconv.Itoa(pid)
}

func clearHandover() {
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
}

// isPassed tells whether a descriptor came through exec: what this process has
// opened itself, the runtime's epoll for one, is close-on-exec (fcntl(2)).
func isPassed(fd int) bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
	return errno == 0 && flags&syscall.FD_CLOEXEC == 0
}
