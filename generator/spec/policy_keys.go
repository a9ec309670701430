package spec

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Setting is one line of a section: Key=Value.
type Setting struct {
	Key, Value string
	Line       int    // in the file it came from, 0 if from none
	Path       string // of that file
}

// policyKey is one key of the policy: how it is read, and how it is written.
type policyKey struct {
	name, takes, means string

	read  func(p *Policy, value string) error
	write func(p Policy) string
}

// policyKeys are the whole vocabulary of [Rollout], in the order in which they
// are written.
var policyKeys = []policyKey{
	{
		name:  "MaxUnavailable",
		takes: `a number of workers, or a share such as "25%", rounded down`,
		means: "How many workers a rollout may have out of service at once by its own act. They are moved together, as one batch. At least 1 if MaxSurge= is 0.",
		read:  into(ParseIntOrPercent, func(p *Policy) *IntOrPercent { return &p.MaxUnavailable }),
		write: func(p Policy) string { return p.MaxUnavailable.String() },
	},
	{
		name:  "MaxSurge",
		takes: `a number of workers, or a share such as "25%", rounded up`,
		means: "How many workers beyond the usual number may be started while others are moved.",
		read:  into(ParseIntOrPercent, func(p *Policy) *IntOrPercent { return &p.MaxSurge }),
		write: func(p Policy) string { return p.MaxSurge.String() },
	},
	{
		name:  "Canary",
		takes: `a number of workers, or a share such as "10%", rounded up`,
		means: "The size of the first batch, which is then held for inspection. 0 is none.",
		read:  into(ParseIntOrPercent, func(p *Policy) *IntOrPercent { return &p.Canary }),
		write: func(p Policy) string { return p.Canary.String() },
	},
	{
		name:  "CanaryHoldSec",
		takes: `a time span, or "infinity"`,
		means: "How long the canary is held before the rollout goes on. With infinity it waits for \"clusterctl rollout resume\".",
		read:  into(parseTimeSpanOrInfinity, func(p *Policy) *time.Duration { return &p.CanaryHoldSec }),
		write: func(p Policy) string { return FormatTimeSpan(p.CanaryHoldSec) },
	},
	{
		name:  "MinReadySec",
		takes: "a time span",
		means: "How long a worker must stay ready and healthy before it counts as available.",
		read:  into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.MinReadySec }),
		write: func(p Policy) string { return FormatTimeSpan(p.MinReadySec) },
	},
	{
		name:  "ProgressDeadlineSec",
		takes: "a time span",
		means: "A rollout gives up when no further worker becomes available for so long.",
		read:  into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.ProgressDeadlineSec }),
		write: func(p Policy) string { return FormatTimeSpan(p.ProgressDeadlineSec) },
	},
	{
		name:  "DrainSec",
		takes: "a time span",
		means: "How long a worker may finish what is in flight when it is stopped. TimeoutStopSec= of the workers follows from it.",
		read:  into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.DrainSec }),
		write: func(p Policy) string { return FormatTimeSpan(p.DrainSec) },
	},
	{
		name:  "AutoRollback",
		takes: "yes or no",
		means: "Whether a rollout that fails is taken back to the revision before it.",
		read:  into(ParseBool, func(p *Policy) *bool { return &p.AutoRollback }),
		write: func(p Policy) string { return formatBool(p.AutoRollback) },
	},
	{
		name:  "RevisionHistoryLimit",
		takes: "a number of revisions",
		means: "How many revisions are kept to go back to.",
		read:  into(parseCount, func(p *Policy) *int { return &p.RevisionHistoryLimit }),
		write: func(p Policy) string { return strconv.Itoa(p.RevisionHistoryLimit) },
	},
	{
		name:  "Health",
		takes: `"none", "http /PATH" (on the worker's admin socket), "http http://ADDRESS/PATH", "tcp HOST:PORT" or "exec COMMAND"; %i is the worker`,
		means: "What a worker is asked after READY=1, and what must hold before it counts as available.",
		read:  func(p *Policy, value string) error { return p.Health.setTarget(value) },
		write: func(p Policy) string { return p.Health.String() },
	},
	{
		name:  "HealthIntervalSec",
		takes: "a time span",
		means: "The time between two such questions.",
		read:  into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.Health.Interval }),
		write: func(p Policy) string { return FormatTimeSpan(p.Health.Interval) },
	},
	{
		name:  "HealthTimeoutSec",
		takes: "a time span",
		means: "How long the answer to one may take.",
		read:  into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.Health.Timeout }),
		write: func(p Policy) string { return FormatTimeSpan(p.Health.Timeout) },
	},
	{
		name:  "HealthThreshold",
		takes: "a number",
		means: "How many failures in a row make a worker unhealthy.",
		read:  into(parseCount, func(p *Policy) *int { return &p.Health.Threshold }),
		write: func(p Policy) string { return strconv.Itoa(p.Health.Threshold) },
	},
}

// into makes a reader of a key from a parser and the place for what it returns.
// A value that is wrong leaves the policy as it was.
func into[T any](parse func(string) (T, error), field func(*Policy) *T) func(*Policy, string) error {
	return func(p *Policy, value string) error {
		parsed, err := parse(value)
		if err != nil {
			return err
		}
		*field(p) = parsed
		return nil
	}
}

// Settings are the lines that say this policy, always in the same order.
func (p Policy) Settings() []Setting {
	settings := make([]Setting, len(policyKeys))
	for i, key := range policyKeys {
		settings[i] = Setting{Key: key.name, Value: key.write(p)}
	}
	return settings
}

// differences are the lines that are not as by default.
func (p Policy) differences() []Setting {
	defaults := DefaultPolicy().Settings()
	return slices.DeleteFunc(p.Settings(), func(s Setting) bool { return slices.Contains(defaults, s) })
}

// Format is the policy as lines of an [X-Cluster] or [Rollout] section, the
// header not among them. ParsePolicy reads the same policy back.
func (p Policy) Format() []byte {
	var text bytes.Buffer
	for _, s := range p.Settings() {
		fmt.Fprintf(&text, "%s=%s\n", s.Key, s.Value)
	}
	return text.Bytes()
}

// Source is a file that a policy is read from.
type Source struct {
	Path string
	Data []byte
}

// informative are the keys of [X-Cluster] that say nothing to a rollout: how
// many workers there are, the links in NAME.service.wants say.
var informative = []string{"Workers", "Releases", "Cluster"}

// ParsePolicy reads the [X-Cluster] sections of a unit file and its drop-ins,
// in the order in which systemd reads them: the later one wins. All faults are
// returned at once, each with its file and line.
func ParsePolicy(sources ...Source) (Policy, error) {
	policy := DefaultPolicy()
	var faults []error
	for _, source := range sources {
		file, err := parseFile(source.Path, source.Data)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		for _, setting := range file.section("X-Cluster") {
			if slices.Contains(informative, setting.Key) {
				continue
			}
			if err := setPolicy(&policy, source.Path, setting); err != nil {
				faults = append(faults, err)
			}
		}
	}
	if len(faults) == 0 {
		faults = append(faults, policy.Validate())
	}
	return policy, errors.Join(faults...)
}

// setPolicy assigns one key; an empty value is the default again, as in systemd.
func setPolicy(policy *Policy, path string, setting Setting) error {
	at := slices.IndexFunc(policyKeys, func(k policyKey) bool { return k.name == setting.Key })
	if at < 0 {
		return faultAt(path, setting.Line, setting.Key, "unknown key%s", didYouMean(setting.Key, policyKeyNames()))
	}
	value := setting.Value
	if value == "" {
		value = policyKeys[at].write(DefaultPolicy())
	}
	if err := policyKeys[at].read(policy, value); err != nil {
		return faultAt(path, setting.Line, setting.Key, "%w", err)
	}
	return nil
}

func policyKeyNames() []string {
	names := make([]string, len(policyKeys))
	for i, key := range policyKeys {
		names[i] = key.name
	}
	return names
}
