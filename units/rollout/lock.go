package rollout

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLocked is returned when another engine is at work on the cluster.
var ErrLocked = errors.New("another rollout is under way")

// Lock makes this process the only one that may write to the history, until
// the returned function is called or the process ends, in whatever way.
func (h History) Lock() (unlock func(), err error) {
	if err := os.MkdirAll(h.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("rollout history: %w", err)
	}
	file, err := os.OpenFile(h.lockPath(), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("rollout history: %w", err)
	}
	if err := flock(file, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	return func() { file.Close() }, nil
}

func (h History) lockPath() string { return filepath.Join(h.Dir, "lock") }

func flock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrLocked
		case !errors.Is(err, syscall.EINTR):
			return fmt.Errorf("rollout history: lock %q: %w", file.Name(), err)
		}
	}
}
