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
	Line       int // in the file it came from, 0 if from none
}

// policyKey is one key of the policy: how it is read, and how it is written.
type policyKey struct {
	name  string
	read  func(p *Policy, value string) error
	write func(p Policy) string
}

// policyKeys are the whole vocabulary of [Rollout], in the order in which they
// are written.
var policyKeys = []policyKey{
	{"MaxUnavailable", into(ParseIntOrPercent, func(p *Policy) *IntOrPercent { return &p.MaxUnavailable }),
		func(p Policy) string { return p.MaxUnavailable.String() }},
	{"MaxSurge", into(ParseIntOrPercent, func(p *Policy) *IntOrPercent { return &p.MaxSurge }),
		func(p Policy) string { return p.MaxSurge.String() }},
	{"Canary", into(ParseIntOrPercent, func(p *Policy) *IntOrPercent { return &p.Canary }),
		func(p Policy) string { return p.Canary.String() }},
	{"CanaryHoldSec", into(parseTimeSpanOrInfinity, func(p *Policy) *time.Duration { return &p.CanaryHoldSec }),
		func(p Policy) string { return FormatTimeSpan(p.CanaryHoldSec) }},
	{"MinReadySec", into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.MinReadySec }),
		func(p Policy) string { return FormatTimeSpan(p.MinReadySec) }},
	{"ProgressDeadlineSec", into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.ProgressDeadlineSec }),
		func(p Policy) string { return FormatTimeSpan(p.ProgressDeadlineSec) }},
	{"DrainSec", into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.DrainSec }),
		func(p Policy) string { return FormatTimeSpan(p.DrainSec) }},
	{"AutoRollback", into(parseBool, func(p *Policy) *bool { return &p.AutoRollback }),
		func(p Policy) string { return formatBool(p.AutoRollback) }},
	{"RevisionHistoryLimit", into(parseCount, func(p *Policy) *int { return &p.RevisionHistoryLimit }),
		func(p Policy) string { return strconv.Itoa(p.RevisionHistoryLimit) }},
	{"Health", func(p *Policy, value string) error { return p.Health.setTarget(value) },
		func(p Policy) string { return p.Health.String() }},
	{"HealthIntervalSec", into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.Health.Interval }),
		func(p Policy) string { return FormatTimeSpan(p.Health.Interval) }},
	{"HealthTimeoutSec", into(ParseTimeSpan, func(p *Policy) *time.Duration { return &p.Health.Timeout }),
		func(p Policy) string { return FormatTimeSpan(p.Health.Timeout) }},
	{"HealthThreshold", into(parseCount, func(p *Policy) *int { return &p.Health.Threshold }),
		func(p Policy) string { return strconv.Itoa(p.Health.Threshold) }},
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
var informative = []string{"Workers", "Cluster"}

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
