package generator

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// Link is a symbolic link in a directory of units.
type Link struct{ Name, Target string }

// Links are what "systemctl enable" makes of the [Install] sections of a cluster
// and of so many workers, for units that can't be enabled because a generator
// made them (systemd.generator(7)).
func Links(c *spec.Cluster, o Options, workers int) []Link {
	service := c.Name + ".service"
	links := []Link{}
	for _, s := range newInput(c, o).Install {
		links = append(links, installLinks(service, s.Key, s.Value)...)
	}
	for _, l := range listeners(c) {
		links = append(links, Link{filepath.Join("sockets.target.wants", l.Unit), "../" + l.Unit})
	}
	for i := range workers {
		worker := fmt.Sprintf("%s@%d.service", c.Name, i+1)
		links = append(links, Link{filepath.Join(service+".wants", worker), "../" + c.Name + "@.service"})
	}
	return links
}

// installLinks are the links that one setting of [Install] makes.
func installLinks(name, key, value string) []Link {
	var links []Link
	dir, ok := map[string]string{"WantedBy": ".wants", "RequiredBy": ".requires", "UpheldBy": ".upholds"}[key]
	for unit := range strings.FieldsSeq(value) {
		switch {
		case strings.ContainsAny(unit, "%/"): // no plain name: for systemctl enable alone
		case ok:
			links = append(links, Link{filepath.Join(unit+dir, name), "../" + name})
		case key == "Alias":
			links = append(links, Link{unit, name})
		}
	}
	return links
}
