// Package generator turns a spec.Cluster into the texts of its unit files, and
// writes them. Generate is pure: the same cluster gives the same bytes.
package generator

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/templates"
)

// Mode is the manager that the units are for.
type Mode string

// The modes, as systemctl's --system and --user name the managers.
const (
	System Mode = "system"
	User   Mode = "user"
)

// Binary is where packages install clusterctl. Who installs it elsewhere says so
// to the linker: -ldflags "-X …/generator.Binary=/usr/local/bin/clusterctl".
var Binary = "/usr/bin/clusterctl"

// Options are what does not stand in the .cluster file.
type Options struct {
	Mode   Mode
	Binary string // the clusterctl that "systemctl reload" runs; "" means Binary
	// Search are the directories of .cluster files that stay; nil means those of
	// the manager. Units name a file of theirs as SourcePath=.
	Search []string
	// Systemd is the version that the units are for; 0 means spec.OldestSystemd,
	// whose units every newer one takes.
	Systemd int
}

func (o Options) binary() string { return cmp.Or(o.Binary, Binary) }

func (o Options) search() []string {
	if o.Search == nil {
		return SearchPath(o.manager(), func(string) string { return "" })
	}
	return o.Search
}

func (o Options) manager() Mode { return cmp.Or(o.Mode, System) }

func (o Options) systemd() int { return cmp.Or(o.Systemd, spec.OldestSystemd) }

// File is one unit file.
type File struct {
	Name string
	Data []byte
}

// Generate returns the unit files of the cluster, sorted by name. Its faults are
// settings that the systemd of the options does not have.
func Generate(c *spec.Cluster, o Options) ([]File, error) {
	if strings.ContainsFunc(c.Path, unicode.IsControl) {
		return nil, fmt.Errorf("%q: a control character in the path, wanted one that fits on a line of a unit", c.Path)
	}
	if err := checkTarget(c, o); err != nil {
		return nil, err
	}
	in := newInput(c, o)
	units := []unit{
		{c.Name + "-activate.service", "activate.tmpl", in},
		{c.Name + ".service", "service.tmpl", in},
		{c.Name + "-workers.target", "workers.tmpl", in},
		{c.Name + "@.service", "worker.tmpl", in},
	}
	if c.Admin {
		units = append(units, unit{c.Name + "-admin@.socket", "admin.tmpl", in})
	}
	for _, l := range listeners(c) {
		in.Listener = l
		units = append(units, unit{l.Unit, "socket.tmpl", in})
	}
	if in.Slice != "" {
		units = append(units, unit{in.Slice, "slice.tmpl", in})
	}
	files := make([]File, len(units))
	for i, u := range units {
		var text bytes.Buffer
		if err := templates.Units().ExecuteTemplate(&text, u.template, u.in); err != nil {
			return nil, fmt.Errorf("generate %q: %w", u.name, err)
		}
		files[i] = File{Name: u.name, Data: text.Bytes()}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// unit is a unit file to be.
type unit struct {
	name, template string
	in             input
}
