package sandbox

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// namePrefix begins the name of what a sandbox leaves in a directory of the
// host; the number of the process that booted it follows, and a random part.
const namePrefix = "clusterctl-sandbox-"

// sweep removes what is left of sandboxes whose process was killed: their own
// processes went down with it, but nobody was there to tidy up. What can't be
// removed now is tried again by the next.
func sweep(dir string, remove func(string) error) {
	left, _ := filepath.Glob(filepath.Join(dir, namePrefix+"*")) // the pattern is none of those that are faulty
	for _, path := range left {
		owner, _, isOurs := strings.Cut(strings.TrimPrefix(filepath.Base(path), namePrefix), "-")
		if pid, err := strconv.Atoi(owner); isOurs && err == nil && !isThere(pid) {
			_ = remove(path)
		}
	}
}

func isThere(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
