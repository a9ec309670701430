package spec

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The defaults of the policy.
const (
	DefaultMaxUnavailable      = 1
	DefaultProgressDeadlineSec = 10 * time.Minute
	DefaultDrainSec            = 30 * time.Second
	DefaultHealthIntervalSec   = time.Second
	DefaultHealthTimeoutSec    = 5 * time.Second
	DefaultHealthThreshold     = 3
)

// Policy is how a rollout goes about its work. It stands in the [Rollout]
// section of a .cluster file and in the [X-Cluster] section of the cluster's
// service.
type Policy struct {
	// MaxUnavailable is how many workers may be out of service by a rollout's
	// own act at once; they are moved together, as one batch.
	MaxUnavailable IntOrPercent `json:"maxUnavailable"`
	// MinReadySec is how long a worker must have been ready and healthy
	// before it counts as available.
	MinReadySec time.Duration `json:"minReadySec"`
	// ProgressDeadlineSec is how long a rollout waits for the next worker to
	// become available before it gives up.
	ProgressDeadlineSec time.Duration `json:"progressDeadlineSec"`
	// DrainSec is how long a worker may take to finish what is in flight.
	DrainSec time.Duration `json:"drainSec"`
	// Health is asked after READY=1. The default is none: only a worker that
	// serves an admin socket, or an address of its own, can be asked.
	Health Health `json:"health"`
}

// DefaultPolicy is the policy of a cluster that says nothing of it.
func DefaultPolicy() Policy {
	return Policy{
		MaxUnavailable:      Number(DefaultMaxUnavailable),
		ProgressDeadlineSec: DefaultProgressDeadlineSec,
		DrainSec:            DefaultDrainSec,
		Health: Health{
			Kind:      HealthNone,
			Interval:  DefaultHealthIntervalSec,
			Timeout:   DefaultHealthTimeoutSec,
			Threshold: DefaultHealthThreshold,
		},
	}
}

// Unavailable is how many of so many workers a rollout may have out of service
// at once. A percentage is rounded down, as Kubernetes does, but to no less
// than 1: with 3 workers 34% are 1, and 10% are 1 too, for a rollout that may
// move nobody would never end.
func (p Policy) Unavailable(workers int) int {
	return min(max(p.MaxUnavailable.Floor(workers), 1), workers)
}

// policyKeys sets one key each. They are the whole vocabulary of [Rollout].
var policyKeys = map[string]func(*Policy, string) error{
	"MaxUnavailable":      func(p *Policy, v string) (err error) { p.MaxUnavailable, err = ParseIntOrPercent(v); return },
	"MinReadySec":         func(p *Policy, v string) (err error) { p.MinReadySec, err = ParseTimeSpan(v); return },
	"ProgressDeadlineSec": func(p *Policy, v string) (err error) { p.ProgressDeadlineSec, err = ParseTimeSpan(v); return },
	"DrainSec":            func(p *Policy, v string) (err error) { p.DrainSec, err = ParseTimeSpan(v); return },
	"Health":              func(p *Policy, v string) error { return p.Health.setTarget(v) },
	"HealthIntervalSec":   func(p *Policy, v string) (err error) { p.Health.Interval, err = ParseTimeSpan(v); return },
	"HealthTimeoutSec":    func(p *Policy, v string) (err error) { p.Health.Timeout, err = ParseTimeSpan(v); return },
	"HealthThreshold":     func(p *Policy, v string) (err error) { p.Health.Threshold, err = parseCount(v); return },
}

// set assigns one key; an empty value is the default again, as in systemd.
func (p *Policy) set(key, value string) error {
	if value == "" {
		return policyKeys[key](p, defaultPolicyValue(key))
	}
	return policyKeys[key](p, value)
}

func defaultPolicyValue(key string) string {
	for _, s := range DefaultPolicy().Settings() {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// Setting is one line of a section: Key=Value.
type Setting struct {
	Key, Value string
	Line       int // in the file it came from, 0 if from none
}

// Settings are the lines that say this policy, always in the same order.
func (p Policy) Settings() []Setting {
	return []Setting{
		{Key: "MaxUnavailable", Value: p.MaxUnavailable.String()},
		{Key: "MinReadySec", Value: FormatTimeSpan(p.MinReadySec)},
		{Key: "ProgressDeadlineSec", Value: FormatTimeSpan(p.ProgressDeadlineSec)},
		{Key: "DrainSec", Value: FormatTimeSpan(p.DrainSec)},
		{Key: "Health", Value: p.Health.String()},
		{Key: "HealthIntervalSec", Value: FormatTimeSpan(p.Health.Interval)},
		{Key: "HealthTimeoutSec", Value: FormatTimeSpan(p.Health.Timeout)},
		{Key: "HealthThreshold", Value: fmt.Sprint(p.Health.Threshold)},
	}
}

// Validate returns every contradiction of the policy, joined.
func (p Policy) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if p.MaxUnavailable.IsZero() {
		fault("MaxUnavailable: 0 lets a rollout move no worker, wanted at least 1")
	}
	if p.ProgressDeadlineSec <= p.MinReadySec {
		fault("ProgressDeadlineSec: %s is not longer than MinReadySec=%s, so no worker could become available in time", FormatTimeSpan(p.ProgressDeadlineSec), FormatTimeSpan(p.MinReadySec))
	}
	if p.ProgressDeadlineSec <= p.DrainSec {
		fault("ProgressDeadlineSec: %s is not longer than DrainSec=%s, so a worker that drains to its limit would end the rollout", FormatTimeSpan(p.ProgressDeadlineSec), FormatTimeSpan(p.DrainSec))
	}
	if p.DrainSec == 0 {
		fault("DrainSec: 0 would kill requests in flight, wanted at least 1s")
	}
	if p.Health.Kind != HealthNone && (p.Health.Timeout == 0 || p.Health.Interval == 0 || p.Health.Threshold == 0) {
		fault("HealthIntervalSec, HealthTimeoutSec and HealthThreshold: 0 would never let a check pass, wanted more")
	}
	return errors.Join(faults...)
}

// Source is a file that a policy is read from.
type Source struct {
	Path string
	Data []byte
}

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
			if setting.Key == "Workers" || setting.Key == "Cluster" {
				continue // for readers; the links in NAME.service.wants count
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

func setPolicy(policy *Policy, path string, setting Setting) error {
	if _, known := policyKeys[setting.Key]; !known {
		return faultAt(path, setting.Line, setting.Key, "unknown key%s", didYouMean(setting.Key, keysOf(policyKeys)))
	}
	if err := policy.set(setting.Key, setting.Value); err != nil {
		return faultAt(path, setting.Line, setting.Key, "%w", err)
	}
	return nil
}

// HealthKind is how a worker is asked for its health.
type HealthKind string

// The kinds of health checks.
const (
	HealthNone HealthKind = "none"
	HealthHTTP HealthKind = "http"
	HealthTCP  HealthKind = "tcp"
	HealthExec HealthKind = "exec"
)

// Health is a worker's health check. In the target %i stands for the instance
// name; an http target that is only a path is asked on the admin socket.
type Health struct {
	Kind      HealthKind    `json:"kind"`
	Target    string        `json:"target,omitempty"`
	Interval  time.Duration `json:"interval"`  // between two questions
	Timeout   time.Duration `json:"timeout"`   // of one question
	Threshold int           `json:"threshold"` // failures in a row that make a worker unhealthy
}

func (h *Health) setTarget(value string) error {
	kind, target, _ := strings.Cut(value, " ")
	target = strings.TrimSpace(target)
	wanted := errors.New(`wanted "none", "http /PATH" (on the admin socket), "http http://ADDRESS/PATH", "tcp HOST:PORT" or "exec COMMAND"`)
	switch HealthKind(kind) {
	case HealthNone:
		if target != "" {
			return fmt.Errorf("%q: %w", value, wanted)
		}
	case HealthHTTP:
		if !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "http://") {
			return fmt.Errorf("%q: %w", value, wanted)
		}
	case HealthTCP, HealthExec:
		if target == "" {
			return fmt.Errorf("%q: %w", value, wanted)
		}
	default:
		return fmt.Errorf("%q: %w", value, wanted)
	}
	h.Kind, h.Target = HealthKind(kind), target
	return nil
}

func (h Health) String() string {
	return strings.TrimSpace(string(h.Kind) + " " + h.Target)
}
