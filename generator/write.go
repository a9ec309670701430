package generator

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Change is what Write did with one file.
type Change struct {
	Name string
	Did  Did
}

// Did is what was done.
type Did string

// What Write does with a file.
const (
	Wrote     Did = "wrote"
	Unchanged Did = "unchanged"
)

// mark begins every file that clusterctl writes.
var mark = []byte("# Written by clusterctl")

// Write brings the files into a directory that exists. A file is replaced
// atomically and only if it would change; one that clusterctl has not written
// is never touched: then nothing is written at all.
func Write(dir string, files []File) ([]Change, error) {
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	changes := make([]Change, len(files))
	var faults []error
	for i, file := range files {
		did, err := compare(filepath.Join(dir, file.Name), file.Data)
		if err != nil {
			faults = append(faults, err)
		}
		changes[i] = Change{file.Name, did}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	for i, file := range files {
		if changes[i].Did == Unchanged {
			continue
		}
		if err := renameio.WriteFile(filepath.Join(dir, file.Name), file.Data, 0o644, renameio.IgnoreUmask()); err != nil {
			return changes[:i], fmt.Errorf("write %q: %w", filepath.Join(dir, file.Name), err)
		}
	}
	return changes, nil
}

func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("directory %q does not exist", dir)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%q is no directory", dir)
	}
	return nil
}

// compare says what is to be done with a file.
func compare(path string, data []byte) (Did, error) {
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Wrote, nil
	case err != nil:
		return "", fmt.Errorf("write %q: %w", path, err)
	case !bytes.HasPrefix(old, mark):
		return "", fmt.Errorf("%q exists and was not written by clusterctl: move it away, or choose another name", path)
	case bytes.Equal(old, data):
		return Unchanged, nil
	}
	return Wrote, nil
}
