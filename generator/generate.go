// Package generator turns a spec.Cluster into the texts of its unit files, and
// writes them. Generate is pure: the same cluster gives the same bytes.
package generator

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

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

// Binary is where packages install clusterctl.
const Binary = "/usr/bin/clusterctl"

// stopMargin is what a worker gets beyond its drain before systemd kills it.
const stopMargin = 5 * time.Second

// Options are what does not stand in the .cluster file.
type Options struct {
	Mode   Mode
	Binary string // the clusterctl that "systemctl reload" runs; "" means Binary
}

// File is one unit file.
type File struct {
	Name string
	Data []byte
}

// input is what the templates see.
type input struct {
	Name, SourcePath, Binary, ManagerFlag, WantedBy string

	Workers  spec.Workers
	Sockets  string // the socket units, with blanks between
	Listener listener
	User     string
	Policy   []spec.Setting
	Unit     []spec.Setting
	Socket   []spec.Setting
	Service  []spec.Setting
}

// listener is what one socket unit holds: all addresses of one name.
type listener struct {
	Unit, Name string
	Addresses  []string
}

// Generate returns the unit files of the cluster, sorted by name.
func Generate(c *spec.Cluster, o Options) ([]File, error) {
	in := newInput(c, o)
	files := []File{}
	add := func(name, template string, in input) error {
		var text bytes.Buffer
		if err := templates.Units.ExecuteTemplate(&text, template, in); err != nil {
			return fmt.Errorf("generate %q: %w", name, err)
		}
		files = append(files, File{Name: name, Data: text.Bytes()})
		return nil
	}
	for _, l := range listeners(c) {
		in.Listener = l
		if err := add(l.Unit, "socket.tmpl", in); err != nil {
			return nil, err
		}
	}
	for _, unit := range []struct{ name, template string }{
		{c.Name + "-activate.service", "activate.tmpl"},
		{c.Name + ".service", "service.tmpl"},
		{c.Name + "-workers.target", "workers.tmpl"},
		{c.Name + "@.service", "worker.tmpl"},
		{c.Name + "-admin@.socket", "admin.tmpl"},
	} {
		if err := add(unit.name, unit.template, in); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

func newInput(c *spec.Cluster, o Options) input {
	in := input{
		Name:        c.Name,
		Binary:      Binary,
		ManagerFlag: "--" + string(System),
		WantedBy:    "multi-user.target",
		Workers:     c.Workers,
		Policy:      c.Policy.Settings(),
		Unit:        c.Sections["Unit"],
		Socket:      c.Sections["Socket"],
		Service:     override(serviceDefaults(c), c.Sections["Service"]),
		User:        spec.Last(c.Sections["Service"], "User"),
	}
	if c.Path != "" {
		if absolute, err := filepath.Abs(c.Path); err == nil {
			in.SourcePath = absolute
		}
	}
	if o.Binary != "" {
		in.Binary = o.Binary
	}
	if o.Mode == User {
		in.ManagerFlag, in.WantedBy = "--"+string(User), "default.target"
	}
	var sockets []string
	for _, l := range listeners(c) {
		sockets = append(sockets, l.Unit)
	}
	in.Sockets = strings.Join(sockets, " ")
	return in
}

// listeners groups the addresses by name: FileDescriptorName= holds for a whole
// socket unit, so each name has a unit of its own. The first is NAME.socket.
func listeners(c *spec.Cluster) []listener {
	var all []listener
	for _, l := range c.Listen {
		at := slices.IndexFunc(all, func(known listener) bool { return known.Name == l.Name })
		if at < 0 {
			unit := c.Name + ".socket"
			if len(all) > 0 {
				unit = c.Name + "-" + l.Name + ".socket"
			}
			all = append(all, listener{Unit: unit, Name: l.Name})
			at = len(all) - 1
		}
		all[at].Addresses = append(all[at].Addresses, l.Address)
	}
	return all
}

// serviceDefaults are the settings of a worker that a .cluster file may set
// otherwise.
func serviceDefaults(c *spec.Cluster) []spec.Setting {
	return []spec.Setting{
		{Key: "Type", Value: "notify"},
		{Key: "Restart", Value: "always"},
		{Key: "RestartSec", Value: "1s"},
		{Key: "TimeoutStopSec", Value: spec.FormatTimeSpan(c.Policy.DrainSec + stopMargin)},
		// SIGTERM to the main process alone: it tells its own children.
		{Key: "KillMode", Value: "mixed"},
		{Key: "NoNewPrivileges", Value: "yes"},
		{Key: "ProtectSystem", Value: "full"},
		{Key: "PrivateTmp", Value: "yes"},
		{Key: "RestrictSUIDSGID", Value: "yes"},
		{Key: "LockPersonality", Value: "yes"},
	}
}

// override gives the defaults with what the file sets: its assignments stand
// in their order and replace every default of the same key.
func override(defaults, set []spec.Setting) []spec.Setting {
	var all []spec.Setting
	for _, d := range defaults {
		if !slices.ContainsFunc(set, func(s spec.Setting) bool { return s.Key == d.Key }) {
			all = append(all, d)
		}
	}
	return append(all, set...)
}
