package generator

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Set is what a directory is to hold of one cluster.
type Set struct {
	Cluster string
	Files   []File
}

// Change is what is done with one file.
type Change struct {
	Name     string
	Did      Did
	Old, New []byte // nil if there is none
}

// Did is what is done.
type Did string

// What a plan does with a file.
const (
	Wrote     Did = "wrote"
	Removed   Did = "removed"
	Unchanged Did = "unchanged"
)

// Plan is what it takes to make a directory hold some clusters.
type Plan struct {
	Dir     string
	Changes []Change // in the order in which they are made
}

// NewPlan reads a directory and says what would be done. A file of ours that its
// cluster has no use for any more goes; one that clusterctl has not written, or
// that is another cluster's, is a fault.
func NewPlan(dir string, sets []Set) (Plan, error) {
	plan := Plan{Dir: dir}
	if err := checkDir(dir); err != nil {
		return plan, err
	}
	ours, err := owned(dir)
	if err != nil {
		return plan, err
	}
	var faults []error
	for _, set := range sets {
		for _, file := range set.Files {
			change, err := compare(dir, set.Cluster, file)
			if err != nil {
				faults = append(faults, err)
			}
			plan.Changes = append(plan.Changes, change)
		}
		for _, name := range ours[set.Cluster] {
			if slices.ContainsFunc(set.Files, func(f File) bool { return f.Name == name }) {
				continue
			}
			old, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				faults = append(faults, err)
			}
			plan.Changes = append(plan.Changes, Change{Name: name, Did: Removed, Old: old})
		}
	}
	slices.SortStableFunc(plan.Changes, byUse)
	return plan, errors.Join(faults...)
}

// byUse puts a unit before those that name it, and what goes at the end, so that
// a reader who looks in the middle finds no unit that names one that is missing.
func byUse(a, b Change) int {
	rank := func(c Change) int {
		switch {
		case c.Did == Removed:
			return 4
		case path.Ext(c.Name) == ".slice":
			return 0
		case path.Ext(c.Name) == ".socket":
			return 1
		case strings.HasSuffix(c.Name, "@.service"):
			return 2
		}
		return 3
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name, b.Name))
}

// IsDone says that the directory is already as it is to be.
func (p Plan) IsDone() bool {
	return !slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Did != Unchanged })
}

// Diff is what would change, as diff -u says it; empty if nothing would.
func (p Plan) Diff() []byte {
	var text []byte
	for _, c := range p.Changes {
		name := filepath.Join(p.Dir, c.Name)
		before, after := name, name
		if c.Old == nil {
			before = os.DevNull
		}
		if c.New == nil {
			after = os.DevNull
		}
		text = append(text, diff.Diff(before, c.Old, after, c.New)...)
	}
	return text
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

// mark begins every file that clusterctl writes; the name of the cluster follows.
const mark = "# Written by clusterctl for cluster "

// owner is the cluster that a file of ours belongs to.
func owner(text []byte) (string, bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	after, ok := bytes.CutPrefix(line, []byte(mark))
	if !ok {
		return "", false
	}
	name, _, _ := bytes.Cut(after, []byte(" "))
	return string(name), true
}

// owned are the files of ours in a directory, by cluster.
func owned(dir string) (map[string][]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]string)
	for _, entry := range entries {
		if !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue // gone since, or not for us: not ours
		}
		if err != nil {
			return nil, err
		}
		if cluster, ok := owner(text); ok {
			files[cluster] = append(files[cluster], entry.Name())
		}
	}
	return files, nil
}

// compare says what is to be done with a file.
func compare(dir, cluster string, file File) (Change, error) {
	name := filepath.Join(dir, file.Name)
	change := Change{Name: file.Name, Did: Wrote, New: file.Data}
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return change, nil
	}
	if err != nil {
		return change, err
	}
	if !info.Mode().IsRegular() {
		return change, fmt.Errorf("%q is no file of clusterctl's but a link or a directory: move it away, or choose another name", name)
	}
	change.Old, err = os.ReadFile(name)
	if err != nil {
		return change, err
	}
	switch of, ours := owner(change.Old); {
	case !ours:
		return change, fmt.Errorf("%q exists and was not written by clusterctl: move it away, or choose another name", name)
	case of != cluster:
		return change, fmt.Errorf("%q belongs to cluster %q: choose another name for the cluster or the listener", name, of)
	case bytes.Equal(change.Old, file.Data):
		change.Did = Unchanged
	}
	return change, nil
}
