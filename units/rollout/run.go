package rollout

import (
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// Phase is where a rollout stands as a whole.
type Phase string

// The phases.
const (
	Progressing Phase = "Progressing"
	Complete    Phase = "Complete"
	Failed      Phase = "Failed"
	Interrupted Phase = "Interrupted"
)

// Over says that nothing more will be done in this phase.
func (p Phase) Over() bool { return p == Complete || p == Failed || p == Interrupted }

// Reason is the stable word for why a rollout stands where it does.
type Reason string

// The reasons.
const (
	JobFailed                Reason = "JobFailed"
	NothingDone              Reason = "NothingDone"
	WorkerDown               Reason = "WorkerDown"
	Unhealthy                Reason = "Unhealthy"
	RestartedWhileBaking     Reason = "RestartedWhileBaking"
	ProgressDeadlineExceeded Reason = "ProgressDeadlineExceeded"
	ListenerDown             Reason = "ListenerDown"
	CapacityFloor            Reason = "CapacityFloor"
)

// StepState is how far a worker is, as the journal knows it.
type StepState string

// The states of a step, in their order.
const (
	Pending    StepState = ""           // its turn has not come
	Restarting StepState = "Restarting" // its job is with systemd
	Unknown    StepState = "Unknown"    // the engine died before it saw the job's end
	Restarted  StepState = "Restarted"  // the job is over, the gate is not met yet
	Available  StepState = "Available"  // every gate was met
)

// Step is what the journal knows of one worker.
type Step struct {
	State StepState
	// Before is the InvocationID that the worker had when its job was queued.
	Before string
	// Result and Error say how the job ended; a job that systemd refused has
	// an Error and no Result.
	Result units.JobResult
	Error  string
}

// Run is a rollout as its journal tells it: what was asked for, and what has
// been done. The live units are not in it.
type Run struct {
	Cluster  string
	Revision int
	By       string
	Request  string
	Started  time.Time
	Policy   spec.Policy
	// Workers are the instances to be moved, in the order of their names.
	Workers []string
	Steps   map[string]Step
	Phase   Phase
	Reason  Reason
	// Worker is the instance that the reason is about, if it is about one.
	Worker  string
	Message string
	// Progressed is when a worker last became available; the progress
	// deadline counts from here.
	Progressed time.Time
	// Ended is when the phase became one that is over.
	Ended time.Time
}

// Probe is the last word of the health check about one start of a worker.
type Probe struct {
	InvocationID string
	Healthy      bool
	Failures     int // in a row
	Error        string
}

// Seen is what the live units say, and the health of those that are asked.
type Seen struct {
	units.Cluster
	Probes map[string]Probe // by instance
}
