package generator

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// stopMargin is what a worker gets beyond its drain before systemd kills it.
const stopMargin = 5 * time.Second

// input is what the templates see.
type input struct {
	Name, SourcePath, Binary, ManagerFlag string

	Workers  spec.Workers
	Sockets  string // the socket units, with blanks between
	Listener listener
	Slice    string // of all workers, "" if it is the one that systemd makes
	User     string

	Policy        []spec.Setting
	Unit          []spec.Setting
	Socket        []spec.Setting
	Service       []spec.Setting
	SliceSettings []spec.Setting
	Install       []spec.Setting
}

func newInput(c *spec.Cluster, o Options) input {
	in := input{
		Name:          c.Name,
		Binary:        Binary,
		ManagerFlag:   "--" + string(System),
		Workers:       c.Workers,
		Policy:        c.Policy.Settings(),
		Unit:          c.Sections["Unit"],
		Socket:        c.Sections["Socket"],
		Service:       override(serviceDefaults(c), c.Sections["Service"]),
		SliceSettings: c.Sections["Slice"],
		Install:       override(installDefaults(c, o), c.Sections["Install"]),
		User:          spec.Last(c.Sections["Service"], "User"),
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
		in.ManagerFlag = "--" + string(User)
	}
	if len(in.SliceSettings) > 0 {
		in.Slice = sliceName(c.Name, o.Mode)
	}
	var sockets []string
	for _, l := range listeners(c) {
		sockets = append(sockets, l.Unit)
	}
	in.Sockets = strings.Join(sockets, " ")
	return in
}

// installDefaults are who starts the cluster. A lazy one is started by the
// first connection: only its sockets are enabled.
func installDefaults(c *spec.Cluster, o Options) []spec.Setting {
	switch {
	case c.Start == spec.Lazy:
		return nil
	case o.Mode == User:
		return []spec.Setting{{Key: "WantedBy", Value: "default.target"}}
	}
	return []spec.Setting{{Key: "WantedBy", Value: "multi-user.target"}}
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
