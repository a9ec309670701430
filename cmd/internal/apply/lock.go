package apply

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// BusyError says that another apply is at work on the cluster, and which.
type BusyError struct{ Holder string }

func (e *BusyError) Error() string {
	return "another apply is under way: " + strings.TrimSpace(e.Holder)
}

// Lock makes this process the only one that applies a cluster, until the returned
// function is called or the process ends, in whatever way. Who comes second is told
// what the first calls itself.
func Lock(dir, holder string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "apply.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		other, _ := io.ReadAll(io.LimitReader(file, 4096))
		err = &BusyError{string(other)}
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
