package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/release"
)

var releaseChecks = []Check{
	{
		Name: "release-unknown", Severity: Error, cluster: releaseUnknown,
		Why: "A worker whose link leads to no release runs on from what it has open, and does not come back from its next restart.",
	},
	{
		Name: "release-changed", Severity: Warning, cluster: releaseChanged,
		Why: "A release is what was deployed, byte by byte, so that an undo brings back what ran. One whose files were changed since is something nobody has tested.",
	},
	{
		Name: "disk", Severity: Warning, cluster: disk,
		Why: "Without room for one more release a deploy fails, and without room for a line of its journal a rollout stops.",
	},
}

func releaseUnknown(c Cluster) []fault {
	if !c.HasReleases {
		return nil
	}
	lost := c.grouped(func(w units.Worker) string {
		link := c.Links[w.Instance]
		switch {
		case !w.Enabled || c.has(link):
			return ""
		case link == "":
			return "without a release"
		}
		return fmt.Sprintf("on release %q, which is not there", link)
	})
	var found []fault
	for _, g := range lost {
		found = append(found, fault{names(g.units), g.message, c.clusterctl("deploy", c.Name, cmp.Or(c.usualRelease(), "./DIRECTORY"))})
	}
	return found
}

func (c Cluster) has(name string) bool {
	return slices.ContainsFunc(c.Releases, func(r release.Release) bool { return r.Name == name })
}

// usualRelease is the one that most workers run from, else the newest, "" if there
// is none.
func (c Cluster) usualRelease() string {
	best, most := "", -1
	for _, r := range c.Releases { // the newest first: it wins a draw
		users := 0
		for _, link := range c.Links {
			if link == r.Name {
				users++
			}
		}
		if users > most {
			best, most = r.Name, users
		}
	}
	return best
}

func releaseChanged(c Cluster) []fault {
	var found []fault
	for _, r := range c.Releases {
		err := c.Changed[r.Name]
		if err == nil {
			continue
		}
		mend := c.clusterctl("rollout undo", c.Name)
		if c.Sources[r.Name] {
			mend = c.clusterctl("deploy", c.Name, quote(r.Source), "--name", r.Name+"-again")
		}
		found = append(found, fault{"release " + r.Name, oneLine(err), mend})
	}
	return found
}

// leastFree is room enough for the journals of rollouts, in bytes.
const leastFree = 16 << 20

func disk(c Cluster) []fault {
	if c.Dir == "" {
		return nil
	}
	wanted, what := uint64(leastFree), "the journals of rollouts"
	if len(c.Releases) > 0 && uint64(c.Releases[0].Size) > wanted {
		wanted, what = uint64(c.Releases[0].Size), "a release like "+c.Releases[0].Name
	}
	if c.Free >= wanted {
		return nil
	}
	const mega = 1 << 20
	message := fmt.Sprintf("%d MB left, wanted %d MB for %s", c.Free/mega, (wanted+mega-1)/mega, what)
	return []fault{{c.Dir, message, c.makeRoom()}}
}

// makeRoom removes releases that nobody uses, if there are any.
func (c Cluster) makeRoom() string {
	used := make(map[string]bool)
	for _, name := range slices.Concat(slices.Collect(maps.Values(c.Links)), c.Needed) {
		used[name] = true
	}
	if len(c.Releases) > 1 && slices.ContainsFunc(c.Releases[1:], func(r release.Release) bool { return !used[r.Name] }) {
		return c.clusterctl("releases", c.Name, "--prune 1")
	}
	return "df -h " + quote(c.Dir) + "   # every release is in use: make room there otherwise"
}
