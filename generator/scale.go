package generator

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// scaleDropIn is the drop-in that holds a number of workers which an operator has
// set. It leaves room before and behind it.
const scaleDropIn = "50-scale.conf"

// Scale writes down how many workers a cluster of the search path is to have, for
// whatever reads its .cluster file next: at boot, at a daemon-reload, in "apply".
// It returns the path of the drop-in. One that says the same already stays as it
// is; if the number would not hold, nothing is written.
func Scale(path []string, cluster string, workers spec.Workers) (string, error) {
	found, err := FindName(cluster, path)
	if err != nil {
		return "", err
	}
	file := filepath.Join(path[0], cluster+".cluster.d", scaleDropIn)
	data := fmt.Appendf(nil, "# Written by \"clusterctl scale\". Without this file the number of workers is that\n# of the .cluster file.\n[Cluster]\nWorkers=%s\n", workers)
	if err := found.holds(file, data, workers); err != nil {
		return "", err
	}
	old, err := os.ReadFile(file)
	if err == nil && bytes.Equal(old, data) {
		return file, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	return file, renameio.WriteFile(file, data, 0o644)
}

// holds reads the cluster as it would be with the drop-in.
func (f Found) holds(file string, data []byte, workers spec.Workers) error {
	if f.Masked {
		_, err := f.Load()
		return err
	}
	names := slices.DeleteFunc(slices.Clone(f.DropIns), func(name string) bool { return filepath.Base(name) == scaleDropIn })
	names = append(names, file)
	slices.SortFunc(names, func(a, b string) int { return bytes.Compare([]byte(filepath.Base(a)), []byte(filepath.Base(b))) })
	base, err := os.ReadFile(f.Path)
	if err != nil {
		return err
	}
	var dropIns []spec.Source
	for _, name := range names {
		source := spec.Source{Path: name, Data: data}
		if name != file {
			if source.Data, err = os.ReadFile(name); err != nil {
				return err
			}
		}
		dropIns = append(dropIns, source)
	}
	c, err := spec.Parse(f.Path, base, dropIns...)
	if err != nil {
		return err
	}
	if c.Workers != workers {
		return fmt.Errorf("%s: a later drop-in sets Workers=%s, and it would hold: %s", file, c.Workers, names[len(names)-1])
	}
	return nil
}
