package generator

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// input is what the templates see.
type input struct {
	Name, Binary, ManagerFlag string
	Source                    string // the .cluster file, "" if there is none
	// SourcePath is the same as a value of systemd's, if the file is to stay
	// there: of one that has gone systemd asks for a daemon-reload for ever.
	SourcePath string

	Sockets  string // the socket units, with blanks between
	Listener listener
	Slice    string // of all workers, "" if it is the one that systemd makes
	Admin    bool
	// AdminUser owns the admin sockets, beside root; "" if there is no such user
	// when they are made.
	AdminUser string
	Releases  bool

	Policy        settings
	Unit          settings
	Socket        settings
	Service       lines
	SliceSettings settings
	Install       settings
}

func newInput(c *spec.Cluster, o Options) input {
	in := input{
		Name:          c.Name,
		Binary:        o.binary(),
		ManagerFlag:   "--" + string(System),
		Policy:        c.Policy.Settings(),
		Unit:          c.Sections["Unit"],
		Socket:        c.Sections["Socket"],
		Service:       serviceLines(c, o),
		SliceSettings: c.Sections["Slice"],
		Install:       override(installDefaults(c, o), c.Sections["Install"]),
		Admin:         c.Admin,
		AdminUser:     adminUser(c),
		Releases:      c.HasReleases(),
	}
	if c.Path != "" {
		if absolute, err := filepath.Abs(c.Path); err == nil {
			in.Source = absolute
			if o.isSearched(absolute) {
				in.SourcePath = strings.ReplaceAll(absolute, "%", "%%")
			}
		}
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

// adminUser is the user of the workers, unless it exists only while they run.
func adminUser(c *spec.Cluster) string {
	service := c.Sections["Service"]
	if dynamic, err := spec.ParseBool(spec.Last(service, "DynamicUser")); err == nil && dynamic {
		return ""
	}
	return spec.Last(service, "User")
}
