// Package doctor says what is wrong with a cluster, and with the host that it
// runs on, and names the command that mends it.
//
// Its invariant: a check is a pure function of what was read. It decides, and
// neither reads nor changes anything. What could not be read is no fault, and is
// for whoever has read to tell.
package doctor

import "slices"

// Severity is how much a finding matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // it costs requests, or will with the next restart
	Warning Severity = "warning" // it takes away a safety
)

// Finding is something that does not hold.
type Finding struct {
	Severity Severity `json:"severity"`
	Check    string   `json:"check"`
	Cluster  string   `json:"cluster,omitempty"`
	// Subject is the unit, the file or the address that it is about.
	Subject string `json:"subject"`
	Message string `json:"message"`
	// Mend is a command for a shell that mends it; a comment in it says what to
	// mind.
	Mend string `json:"mend"`
}

// fault is a finding of one check.
type fault struct{ subject, message, mend string }

// Check is something that must hold. It has one of the two functions.
type Check struct {
	Name     string
	Severity Severity
	Why      string // it matters
	cluster  func(Cluster) []fault
	host     func(Host) []fault
}

// Checks are all of them, in the order in which their findings are told: what is
// behind others comes first.
var Checks = slices.Concat(hostChecks, unitChecks, settingChecks, listenerChecks, workerChecks, releaseChecks, rolloutChecks)

// Examine is everything that is wrong with a cluster.
func Examine(c Cluster) []Finding {
	found := []Finding{}
	for _, check := range Checks {
		if check.cluster != nil {
			found = append(found, check.findings(c.Name, check.cluster(c))...)
		}
	}
	return found
}

// ExamineHost is everything that is wrong with the host.
func ExamineHost(h Host) []Finding {
	found := []Finding{}
	for _, check := range Checks {
		if check.host != nil {
			found = append(found, check.findings("", check.host(h))...)
		}
	}
	return found
}

func (check Check) findings(cluster string, faults []fault) []Finding {
	found := make([]Finding, len(faults))
	for i, f := range faults {
		found[i] = Finding{check.Severity, check.Name, cluster, f.subject, f.message, f.mend}
	}
	return found
}
