package generator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// stopMargin is what a worker gets beyond its drain before systemd kills it.
const stopMargin = 5 * time.Second

// serviceLines are the [Service] section of a worker but for what the template
// fixes: the defaults that the file does not set otherwise, then what it sets.
func serviceLines(c *spec.Cluster, o Options) []line {
	set := c.Sections["Service"]
	var lines []line
	for _, d := range serviceDefaults(c, o) {
		if !spec.Has(set, d.Key) {
			lines = append(lines, d)
		}
	}
	for _, s := range set {
		lines = append(lines, forTarget(line{Key: s.Key, Value: inRelease(c.Name, o.Mode, s)}, o)...)
	}
	return lines
}

// Default is a setting that workers have unless their .cluster file has another
// value for its key.
type Default struct{ Key, Value, Why string }

// ServiceDefaults are the defaults of [Service] for a cluster of these options that
// says nothing else, in the order of the unit.
func ServiceDefaults(o Options) []Default {
	bare := &spec.Cluster{Name: "NAME", Policy: spec.DefaultPolicy(), Ready: spec.Health{Kind: spec.HealthNone}, Hardening: true}
	var all []Default
	for _, l := range serviceDefaults(bare, o) {
		all = append(all, Default{l.Key, l.Value, l.Why})
	}
	return all
}

// serviceDefaults are what a .cluster file may set otherwise, key by key.
func serviceDefaults(c *spec.Cluster, o Options) []line {
	return slices.Concat(
		lifeDefaults(c),
		backOff(c, o),
		readiness(c, o),
		releaseDefaults(c, o),
		hardening(c, o),
	)
}

func lifeDefaults(c *spec.Cluster) []line {
	kind := "notify"
	if c.Ready.Kind != spec.HealthNone {
		kind = "exec"
	}
	return []line{
		{"Ready when it says READY=1, or when Ready= holds.", "Type", kind},
		{"A worker that ends, for whatever reason, comes back.", "Restart", "always"},
		{"The drain, and time to say goodbye.", "TimeoutStopSec", spec.FormatTimeSpan(c.Policy.DrainSec + stopMargin)},
		{"SIGTERM to the main process alone: it tells its own children.", "KillMode", "mixed"},
	}
}

// backOff is the pause before a crashed worker is started again. It grows where
// systemd can do that (254), but not far: the count of restarts goes back to
// zero only when somebody starts the worker by hand, so that after a few crashes
// in a year each further one would cost the longest pause.
func backOff(c *spec.Cluster, o Options) []line {
	set := c.Sections["Service"]
	switch {
	case spec.Has(set, "RestartSec"), spec.Has(set, "RestartSteps"), spec.Has(set, "RestartMaxDelaySec"):
		return nil // these three make sense together only
	case o.systemd() < 254:
		return []line{{"So that a worker in a crash loop leaves the CPU to the others.", "RestartSec", "1s"}}
	}
	return []line{
		{"A crashed worker comes back at once,", "RestartSec", "100ms"},
		{"and one that goes on crashing after five growing pauses", "RestartSteps", "5"},
		{"every 5 s.", "RestartMaxDelaySec", "5s"},
	}
}

// readiness asks in place of a worker that can't say READY=1: systemd counts a
// service of Type=exec as started when its ExecStartPost= has ended well.
func readiness(c *spec.Cluster, o Options) []line {
	if c.Ready.Kind == spec.HealthNone {
		return nil
	}
	prefix := ""
	if c.Ready.OnAdminSocket() {
		prefix = "+" // only root, and the worker's user if it has one, may ask there
	}
	manager := ""
	if o.Mode == User {
		manager = " --user"
	}
	command := fmt.Sprintf("%s%s%s generate probe --cluster %s --instance %%i %s", prefix, o.binary(), manager, c.Name, quote(c.Ready.String()))
	return []line{{"Systemd waits until this holds, and only then is the worker started.", "ExecStartPost", command}}
}

// quote is an argument of a command line that systemd reads as this text, but
// for %i, which is the worker (systemd.service(5), "COMMAND LINES").
func quote(text string) string {
	text = strings.NewReplacer("%i", "%i", "%", "%%", "$", "$$", `\`, `\\`, `"`, `\"`).Replace(text)
	return `"` + text + `"`
}
