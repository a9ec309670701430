package spec

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

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

// ParseHealth reads the kind and the target of a check: "http /healthz".
func ParseHealth(s string) (Health, error) {
	var h Health
	err := h.setTarget(s)
	return h, err
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

// validate returns every contradiction of the check.
func (h Health) validate() []error {
	if h.Kind == HealthNone || h.Kind == "" {
		return nil
	}
	var faults []error
	for _, zero := range []struct {
		key    string
		isZero bool
		why    string
	}{
		{"HealthIntervalSec", h.Interval == 0, "asks without a pause"},
		{"HealthTimeoutSec", h.Timeout == 0, "leaves no time for an answer"},
		{"HealthThreshold", h.Threshold == 0, "makes a worker unhealthy before it was asked"},
	} {
		if zero.isZero {
			faults = append(faults, fmt.Errorf("%s: 0 %s, wanted more than 0", zero.key, zero.why))
		}
	}
	return faults
}

// OnAdminSocket says that the worker is asked on its admin socket.
func (h Health) OnAdminSocket() bool {
	return h.Kind == HealthHTTP && strings.HasPrefix(h.Target, "/")
}

func (h Health) String() string {
	return strings.TrimSpace(string(h.Kind) + " " + h.Target)
}
