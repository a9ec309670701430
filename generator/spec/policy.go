package spec

import (
	"errors"
	"fmt"
	"time"
)

// The defaults of the policy.
const (
	DefaultMaxUnavailable       = 1
	DefaultMaxSurge             = 0
	DefaultCanary               = 0
	DefaultCanaryHoldSec        = time.Duration(0)
	DefaultMinReadySec          = time.Duration(0)
	DefaultProgressDeadlineSec  = 10 * time.Minute
	DefaultDrainSec             = 30 * time.Second
	DefaultAutoRollback         = true
	DefaultRevisionHistoryLimit = 10
	DefaultHealthIntervalSec    = time.Second
	DefaultHealthTimeoutSec     = 5 * time.Second
	DefaultHealthThreshold      = 3
)

// Policy is how a rollout goes about its work. It stands in the [Rollout]
// section of a .cluster file and in the [X-Cluster] section of the cluster's
// service, with the same keys. Make one with DefaultPolicy: the zero Policy
// lets a rollout do nothing, and Validate says so.
type Policy struct {
	// MaxUnavailable is how many workers may be out of service by a rollout's
	// own act at once; they are moved together, as one batch.
	MaxUnavailable IntOrPercent `json:"maxUnavailable"`
	// MaxSurge is how many workers beyond the usual number may be started
	// while others are moved.
	MaxSurge IntOrPercent `json:"maxSurge"`
	// Canary is the size of the first batch, which is then held. Zero is none.
	Canary IntOrPercent `json:"canary"`
	// CanaryHoldSec is how long the canary is held before the rollout goes on;
	// Infinity is until somebody says "rollout resume".
	CanaryHoldSec time.Duration `json:"canaryHoldSec"`
	// MinReadySec is how long a worker must have been ready and healthy
	// before it counts as available.
	MinReadySec time.Duration `json:"minReadySec"`
	// ProgressDeadlineSec is how long a rollout waits for the next worker to
	// become available before it gives up.
	ProgressDeadlineSec time.Duration `json:"progressDeadlineSec"`
	// DrainSec is how long a worker may take to finish what is in flight.
	DrainSec time.Duration `json:"drainSec"`
	// AutoRollback takes a rollout that fails back to the revision before it.
	AutoRollback bool `json:"autoRollback"`
	// RevisionHistoryLimit is how many revisions are kept to go back to.
	RevisionHistoryLimit int `json:"revisionHistoryLimit"`
	// Health is asked after READY=1. The default is none, for a program that
	// does not use the activation library (Node, gunicorn, a C server) answers
	// nothing on its admin socket, and its first rollout must not fail by a
	// check that nobody asked for. A worker with the library wants
	// Health=http /healthz.
	Health Health `json:"health"`
}

// DefaultPolicy is the policy of a cluster that says nothing of it.
func DefaultPolicy() Policy {
	return Policy{
		MaxUnavailable:       Number(DefaultMaxUnavailable),
		MaxSurge:             Number(DefaultMaxSurge),
		Canary:               Number(DefaultCanary),
		CanaryHoldSec:        DefaultCanaryHoldSec,
		MinReadySec:          DefaultMinReadySec,
		ProgressDeadlineSec:  DefaultProgressDeadlineSec,
		DrainSec:             DefaultDrainSec,
		AutoRollback:         DefaultAutoRollback,
		RevisionHistoryLimit: DefaultRevisionHistoryLimit,
		Health: Health{
			Kind:      HealthNone,
			Interval:  DefaultHealthIntervalSec,
			Timeout:   DefaultHealthTimeoutSec,
			Threshold: DefaultHealthThreshold,
		},
	}
}

// Surge is how many workers beyond so many a rollout may start. A percentage
// is rounded up, as Kubernetes does: 25% of 3 are 1.
func (p Policy) Surge(workers int) int { return p.MaxSurge.Ceil(workers) }

// Unavailable is how many of so many workers a rollout may have out of service
// at once, between 0 and all. A percentage is rounded down, as Kubernetes does:
// 34% of 3 are 1. With no surge it is at least 1 (10% of 3 would be 0), for a
// rollout that may move nobody would never end.
func (p Policy) Unavailable(workers int) int {
	least := 1
	if p.Surge(workers) > 0 {
		least = 0
	}
	return min(max(p.MaxUnavailable.Floor(workers), least), workers)
}

// CanarySize is how many of so many workers the first, held batch has: 0 if
// none is wanted, else at least 1 and at most all. 10% of 4 are 1.
func (p Policy) CanarySize(workers int) int { return min(p.Canary.Ceil(workers), workers) }

// Validate returns every contradiction of the policy, joined. Each error begins
// with the key that is wrong.
func (p Policy) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if p.MaxUnavailable.IsZero() && p.MaxSurge.IsZero() {
		fault("MaxUnavailable: 0 together with MaxSurge=0 lets a rollout move no worker, wanted at least one of them above 0")
	}
	if p.CanaryHoldSec > 0 && p.Canary.IsZero() {
		fault("CanaryHoldSec: %s holds a canary, but Canary=0 asks for none, wanted Canary=1 or more", FormatTimeSpan(p.CanaryHoldSec))
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
	if p.AutoRollback && p.RevisionHistoryLimit == 0 {
		fault("RevisionHistoryLimit: 0 keeps nothing that AutoRollback=yes could go back to, wanted at least 1, or AutoRollback=no")
	}
	return errors.Join(append(faults, p.Health.validate()...)...)
}
