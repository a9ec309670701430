package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lock keeps other processes from changing what can be seen of the store,
// until the returned function is called or this process ends. It is held for
// moments only: a release is copied without it.
func (s Store) lock() (unlock func(), err error) {
	if err := os.MkdirAll(s.releases(), 0o755); err != nil {
		return nil, fmt.Errorf("releases: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(s.releases(), ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("releases: %w", err)
	}
	if err := flock(file, syscall.LOCK_EX); err != nil {
		file.Close()
		return nil, fmt.Errorf("releases: lock %q: %w", file.Name(), err)
	}
	return func() { file.Close() }, nil
}

func flock(file *os.File, how int) error {
	for {
		if err := syscall.Flock(int(file.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// staging is a hidden directory in the store's file system in which a release
// becomes whole. A lock of its own says that somebody is at work in it, and
// goes with that process.
type staging struct {
	path string
	held *os.File
}

// tree is the directory that becomes the release.
func (st staging) tree() string { return filepath.Join(st.path, "tree") }

func (st staging) discard() {
	os.RemoveAll(st.path) // what can't be removed now is for the next sweep
	st.held.Close()
}

// stage makes a staging directory, and removes what others have left.
func (s Store) stage() (staging, error) {
	unlock, err := s.lock()
	if err != nil {
		return staging{}, err
	}
	defer unlock()
	if err := s.sweep(); err != nil {
		return staging{}, err
	}
	st, err := makeStaging(s.releases())
	if err != nil {
		return staging{}, fmt.Errorf("releases: %w", err)
	}
	return st, nil
}

func makeStaging(in string) (staging, error) {
	path, err := os.MkdirTemp(in, temporaryPrefix)
	if err != nil {
		return staging{}, err
	}
	held, err := os.Open(path)
	if err != nil {
		os.Remove(path)
		return staging{}, err
	}
	st := staging{path, held}
	if err := errors.Join(flock(held, syscall.LOCK_EX), os.Mkdir(st.tree(), 0o755)); err != nil {
		st.discard()
		return staging{}, err
	}
	// The umask has had its say.
	return st, os.Chmod(st.tree(), 0o755)
}

// sweep removes what interrupted processes have left. Whoever calls it holds
// the lock.
func (s Store) sweep() error {
	entries, err := os.ReadDir(s.releases())
	if err != nil {
		return fmt.Errorf("releases: %w", err)
	}
	for _, entry := range entries {
		if err := s.sweepEntry(entry.Name()); err != nil {
			return fmt.Errorf("releases: %w", err)
		}
	}
	return nil
}

func (s Store) sweepEntry(name string) error {
	path := filepath.Join(s.releases(), name)
	if strings.HasPrefix(name, temporaryPrefix) {
		return sweepStaging(path)
	}
	release, isDescription := strings.CutSuffix(strings.TrimPrefix(name, "."), ".json")
	if !strings.HasPrefix(name, ".") || !isDescription {
		return nil
	}
	if _, err := os.Lstat(s.path(release)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Remove(path)
}

// sweepStaging removes a staging directory in which nobody is at work.
func sweepStaging(path string) error {
	dir, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its owner was done with it just now
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := flock(dir, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil
		}
		return err
	}
	return os.RemoveAll(path)
}
