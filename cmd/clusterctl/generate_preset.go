package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
)

// presets are those of a package, for all of its clusters: one that has gone has
// none.
func (o *generateOptions) presets(sets []generator.Set, clusters []*spec.Cluster) (placed, error) {
	dir, err := o.place.presetDir(o.mode())
	if err != nil {
		return placed{}, err
	}
	presets := placed{dir: dir}
	var faults []error
	for _, set := range sets {
		preset := generator.Set{Cluster: set.Cluster}
		for _, c := range clusters {
			if c.Name != set.Cluster {
				continue
			}
			file, err := generator.Preset(c, generator.Options{Mode: o.mode(), Systemd: o.systemd, Search: o.source.path})
			faults = append(faults, err)
			preset.Files = append(preset.Files, file)
		}
		presets.sets = append(presets.sets, preset)
	}
	if err := errors.Join(faults...); err != nil {
		return placed{}, usageError(err, "clusterctl generate --help")
	}
	return presets, nil
}

// presetDir is the directory of a package's presets. It is made.
func (p *unitPlace) presetDir(mode generator.Mode) (string, error) {
	dir := filepath.Join(p.root, string(generator.Packaged), string(mode)+"-preset")
	return dir, os.MkdirAll(dir, 0o755)
}
