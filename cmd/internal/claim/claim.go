// Package claim lets one operator at a time change which workers of a cluster
// serve: two who each take one worker away, and each leave enough, would together
// leave too few.
//
// Its invariant: a claim ends with the process that made it, in whatever way, and
// whoever comes second is told who was first.
package claim

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// HeldError says that somebody else is at work, and what they call it.
type HeldError struct{ Holder string }

func (e *HeldError) Error() string { return "somebody else is at work: " + e.Holder }

// Take claims the cluster whose state is in the directory, until the returned
// function is called. The holder is one line that says who does what.
func Take(dir, holder string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "operator.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		const longest = 4096
		other, _ := io.ReadAll(io.LimitReader(file, longest)) // all or part of a help
		err = &HeldError{strings.TrimSpace(string(other))}
	}
	if err == nil {
		err = file.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintln(file, holder)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { file.Close() }, nil
}
