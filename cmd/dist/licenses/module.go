package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// module is something that others wrote. Licenses are in the order of their
// paths.
type module struct {
	Path, Version string
	Licenses      []license
}

// license is one file of a module that states terms.
type license struct {
	Dir  string // of the files that it is for, below the module; "" is all
	File string
	Text string
}

//go:embed go.LICENSE
var goLicense string

// golang is the standard library. Distributions put its licence in many places,
// so its text is here.
var golang = module{Path: "go", Version: "(standard library)", Licenses: []license{{File: "LICENSE", Text: goLicense}}}

// terms are the names of files that state them.
var terms = regexp.MustCompile(`^(?i:LICEN[SC]E|COPYING|NOTICE|COPYRIGHT)(?:[.-][\w-]+)?$`)

// linked are the modules that the programs are linked with, by path.
func linked(ctx context.Context, root string) ([]module, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,ImportPath,Module", "./cmd/...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var all collection
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			Dir, ImportPath string
			Module          *struct {
				Path, Version string
				Main          bool
			}
		}
		err := decoder.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			return all.sorted(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if pkg.Module == nil || pkg.Module.Main {
			continue
		}
		under := strings.TrimPrefix(strings.TrimPrefix(pkg.ImportPath, pkg.Module.Path), "/")
		home := strings.TrimSuffix(pkg.Dir, filepath.FromSlash(under))
		if err := all.add(pkg.Module.Path, pkg.Module.Version, home, under); err != nil {
			return nil, err
		}
	}
}

// vendored are the modules that a tarball has in vendor, by path.
func vendored(ctx context.Context, root string) ([]module, error) {
	vendor := filepath.Join(root, "vendor")
	if _, err := os.Stat(vendor); err != nil {
		temp, err := os.MkdirTemp("", "vendor-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(temp)
		vendor = filepath.Join(temp, "vendor")
		cmd := exec.CommandContext(ctx, "go", "mod", "vendor", "-o", vendor)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go mod vendor: %w: %s", err, out)
		}
	}
	list, err := os.ReadFile(filepath.Join(vendor, "modules.txt"))
	if err != nil {
		return nil, err
	}
	var all collection
	var name, version string
	for line := range strings.Lines(string(list)) {
		words := strings.Fields(line)
		switch {
		case words[0] == "#":
			name, version = words[1], words[2]
		case words[0] != "##":
			under := strings.TrimPrefix(strings.TrimPrefix(words[0], name), "/")
			if err := all.add(name, version, filepath.Join(vendor, name), under); err != nil {
				return nil, err
			}
		}
	}
	return all.sorted(), nil
}

// collection gathers the modules of packages.
type collection map[string]*module

// add takes in the terms for the package that lies under the home of a module:
// those beside it, and in every directory up to there.
func (c *collection) add(name, version, home, under string) error {
	if *c == nil {
		*c = make(collection)
	}
	m := (*c)[name]
	if m == nil {
		m = &module{Path: name, Version: version}
		(*c)[name] = m
	}
	for dir := under; ; dir = path.Dir(dir) {
		if dir == "." {
			dir = ""
		}
		if err := m.read(home, dir); err != nil {
			return err
		}
		if dir == "" {
			return nil
		}
	}
}

func (m *module) read(home, dir string) error {
	if slices.ContainsFunc(m.Licenses, func(l license) bool { return l.Dir == dir }) {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(home, dir))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !terms.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(home, dir, entry.Name()))
		if err != nil {
			return err
		}
		m.Licenses = append(m.Licenses, license{Dir: dir, File: entry.Name(), Text: string(text)})
	}
	return nil
}

func (c *collection) sorted() []module {
	var all []module
	for _, m := range *c {
		slices.SortFunc(m.Licenses, func(a, b license) int {
			return strings.Compare(a.Dir+"/"+a.File, b.Dir+"/"+b.File)
		})
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return all
}
