package generator

import (
	"errors"
	"fmt"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// forTarget is a setting as the systemd that the units are for takes it.
func forTarget(l line, o Options) []line {
	if l.Key == "Type" && l.Value == "notify-reload" && o.systemd() < 253 {
		return []line{
			{fmt.Sprintf("In place of Type=notify-reload, which systemd %d does not have yet.", o.systemd()), "Type", "notify"},
			{Key: "ExecReload", Value: "/bin/kill -HUP $MAINPID"},
		}
	}
	return []line{l}
}

// checkTarget returns a fault for each setting that came after the systemd that
// the units are for. It would be passed over there, with a line in the journal.
func checkTarget(c *spec.Cluster, o Options) error {
	var faults []error
	for _, section := range spec.Passed {
		for _, s := range c.Sections[section] {
			since, _ := spec.Since(section, s.Key)
			if since > o.systemd() {
				faults = append(faults, fmt.Errorf("%s:%d: %s: needs systemd %d, and the units are for systemd %d", s.Path, s.Line, s.Key, since, o.systemd()))
			}
		}
	}
	return errors.Join(faults...)
}
