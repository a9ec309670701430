package generator

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// listener is what one socket unit holds: all addresses of one name.
type listener struct {
	Unit, Name string
	Addresses  settings // ListenStream= and its like
	Options    settings // access and backlog, the same for all addresses
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
			all = append(all, listener{Unit: unit, Name: l.Name, Options: options(l)})
			at = len(all) - 1
		}
		all[at].Addresses = append(all[at].Addresses, spec.Setting{Key: string(l.Kind), Value: l.Address})
	}
	return all
}

// options are the settings of systemd.socket(5) that a listener asks for.
func options(l spec.Listener) []spec.Setting {
	var settings []spec.Setting
	set := func(key, value string) { settings = append(settings, spec.Setting{Key: key, Value: value}) }
	if l.Mode != 0 {
		set("SocketMode", fmt.Sprintf("%04o", l.Mode))
	}
	if l.User != "" {
		set("SocketUser", l.User)
	}
	if l.Group != "" {
		set("SocketGroup", l.Group)
	}
	if l.Backlog != 0 {
		set("Backlog", strconv.Itoa(l.Backlog))
	}
	return settings
}
