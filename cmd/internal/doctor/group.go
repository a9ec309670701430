package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clusterctl/clusterctl/units"
)

// names are units as a person lists them.
func names(units []string) string {
	const readable = 4
	if more := len(units) - readable; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(units[:readable], ", "), more)
	}
	return strings.Join(units, ", ")
}

// group is the workers of which the same is to be said.
type group struct {
	message      string
	units, typed []string // "web@3.service", and "web@3" as people type it
}

// grouped are the workers by what is said of each; of most nothing is.
func (c Cluster) grouped(say func(units.Worker) string) []group {
	var groups []group
	for _, w := range c.Workers {
		message := say(w)
		if message == "" {
			continue
		}
		at := slices.IndexFunc(groups, func(g group) bool { return g.message == message })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{message: message})
		}
		groups[at].units = append(groups[at].units, w.Name)
		groups[at].typed = append(groups[at].typed, c.Name+"@"+w.Instance)
	}
	return groups
}

// faults makes one of each group, with a verb for its workers that mends it.
func (c Cluster) faults(groups []group, verb string) []fault {
	var found []fault
	for _, g := range groups {
		found = append(found, fault{names(g.units), g.message, c.clusterctl(append([]string{verb}, g.typed...)...)})
	}
	return found
}
