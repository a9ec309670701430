package generator

import (
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// ReleaseLink is the link to the release that a worker runs from; %i in it is
// the worker. A user's lies where the XDG specification puts state.
func ReleaseLink(cluster string, mode Mode) string {
	if mode == User {
		return "%h/.local/state/clusterctl/" + cluster + "/workers/%i"
	}
	return "/var/lib/clusterctl/" + cluster + "/workers/%i"
}

// inRelease is the value of a setting with the link before a relative path.
func inRelease(cluster string, mode Mode, s spec.Setting) string {
	before, after, ok := spec.InRelease(s)
	if !ok {
		return s.Value
	}
	return before + strings.TrimSuffix(ReleaseLink(cluster, mode)+"/"+after, "/.")
}

// releaseDefaults hold for workers that run from a release.
func releaseDefaults(c *spec.Cluster, o Options) []line {
	if !c.HasReleases() {
		return nil
	}
	link := ReleaseLink(c.Name, o.Mode)
	return []line{
		{"A link to the release of this worker. It is read at each start, so a crashed worker comes back with the release it had.", "WorkingDirectory", link},
		{"A release may bring settings of its own.", "EnvironmentFile", "-" + link + "/environment"},
	}
}
