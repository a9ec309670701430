package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/clusterctl/clusterctl/generator"
)

// unitPlace is where the units are written.
type unitPlace struct {
	output  string
	root    string
	install bool
	runtime bool
}

func (p *unitPlace) flags(flags *pflag.FlagSet) {
	flags.StringVarP(&p.output, "output", "o", "", "write the units to `DIR`, which must exist")
	flags.StringVar(&p.root, "root", "", "write below `DIR`, the root of a package that is built: units and presets go to its usr/lib/systemd")
	flags.BoolVar(&p.install, "install", false, "write to /etc/systemd, or a user's directory of units, reload systemd and enable the cluster")
	flags.BoolVar(&p.runtime, "runtime", false, "the same in /run/systemd, until the next boot")
}

func (p *unitPlace) complete() error {
	n := 0
	for _, given := range []bool{p.output != "", p.root != "", p.install, p.runtime} {
		if given {
			n++
		}
	}
	if n > 1 {
		return errors.New("--output, --root, --install and --runtime exclude each other")
	}
	return nil
}

func (p *unitPlace) isNone() bool {
	return p.output == "" && p.root == "" && !p.install && !p.runtime
}

// enables says that the units are for the systemd that runs here.
func (p *unitPlace) enables() bool { return p.install || p.runtime }

// dir is the directory of the units. It is made, unless somebody named it.
func (p *unitPlace) dir(mode generator.Mode) (string, error) {
	if p.output != "" {
		return filepath.Clean(p.output), nil
	}
	place := generator.Packaged
	switch {
	case p.install:
		place = generator.Installed
	case p.runtime:
		place = generator.Runtime
	}
	dir, err := generator.UnitDir(place, mode, os.Getenv)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(p.root, dir)
	return dir, os.MkdirAll(dir, 0o755)
}
