package spec

import (
	"slices"
	"strings"
)

// execPrefixes may stand before the path of a command (systemd.service(5)).
const execPrefixes = "@-:+!|"

// InRelease cuts a value of a key of [Service] at the path that is below the
// release of the worker: "-bin/setup --all" into "-" and "bin/setup --all". That
// are commands with a relative path, which systemd itself does not take, a
// relative WorkingDirectory= and a relative EnvironmentFile=.
func InRelease(s Setting) (before, after string, ok bool) {
	prefixes := "-"
	switch {
	case isCommand(s.Key):
		prefixes = execPrefixes
	case s.Key != "WorkingDirectory" && s.Key != "EnvironmentFile":
		return "", "", false
	}
	rest := strings.TrimLeft(s.Value, prefixes)
	before = s.Value[:len(s.Value)-len(rest)]
	path := strings.Trim(strings.SplitN(rest+" ", " ", 2)[0], `"'`)
	if path == "" || strings.ContainsAny(path[:1], "/%~") {
		return "", "", false
	}
	if isCommand(s.Key) && !strings.Contains(path, "/") {
		return "", "", false // systemd looks for it in /usr/bin and its like
	}
	if rest[0] == '"' || rest[0] == '\'' {
		before, rest = before+rest[:1], rest[1:]
	}
	return before, strings.TrimPrefix(rest, "./"), true
}

func isCommand(key string) bool {
	return strings.HasPrefix(key, "Exec") && key != "ExecPaths" && key != "ExecSearchPath"
}

// HasReleases says that the workers run from a release: a rollout may give them
// another one. Without releases it only restarts them.
func (c *Cluster) HasReleases() bool {
	return slices.ContainsFunc(c.Sections["Service"], func(s Setting) bool {
		_, _, ok := InRelease(s)
		return ok
	})
}

// leavesRelease says that a path climbs out of its release.
func leavesRelease(s Setting) bool {
	_, after, ok := InRelease(s)
	path, _, _ := strings.Cut(after, " ")
	return ok && slices.Contains(strings.Split(strings.Trim(path, `"'`), "/"), "..")
}
