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
	Held        Phase = "Held" // nothing new is begun: the canary is looked at, or somebody said pause
	RollingBack Phase = "RollingBack"
	Failing     Phase = "Failing" // it goes neither forward nor back, and tidies up
	Complete    Phase = "Complete"
	RolledBack  Phase = "RolledBack"
	Failed      Phase = "Failed"
	Interrupted Phase = "Interrupted"
)

// Over says that nothing more will be done in this phase.
func (p Phase) Over() bool {
	return p == Complete || p == RolledBack || p == Failed || p == Interrupted
}

// Reason is the stable word for why a rollout stands where it does.
type Reason string

// The reasons.
const (
	JobFailed                Reason = "JobFailed"
	NothingDone              Reason = "NothingDone"
	WorkerDown               Reason = "WorkerDown"
	WrongRelease             Reason = "WrongRelease"
	AcceptQueueFull          Reason = "AcceptQueueFull"
	Unhealthy                Reason = "Unhealthy"
	RestartedWhileBaking     Reason = "RestartedWhileBaking"
	ProgressDeadlineExceeded Reason = "ProgressDeadlineExceeded"
	ListenerDown             Reason = "ListenerDown"
	CapacityFloor            Reason = "CapacityFloor"
	Aborted                  Reason = "Aborted"
	CanaryHold               Reason = "CanaryHold"
	Paused                   Reason = "Paused"
)

// Cause is why a rollout stands where it does. Worker is the instance that it
// is about, "" if it is about none, and Invocation the start of it that failed:
// its lines in the journal have that id.
type Cause struct {
	Reason     Reason `json:"reason,omitempty"`
	Worker     string `json:"worker,omitempty"`
	Invocation string `json:"invocation,omitempty"`
	Message    string `json:"message,omitempty"`
}

// Verb is what a rollout does to each worker.
type Verb string

// The verbs. Switch gives a worker another release and leaves it stopped; Stop
// is for workers beyond the usual number only.
const (
	Restart Verb = "restart"
	Reload  Verb = "reload"
	Switch  Verb = "switch"
	Stop    Verb = "stop"
)

// Action is one thing to do to one worker. Before is the InvocationID that it
// has now: the start that follows a restart must have another.
type Action struct {
	// ID tells this action from every other of the rollout.
	ID       int    `json:"id"`
	Instance string `json:"instance"`
	Verb     Verb   `json:"verb"`
	// Release is what the worker is switched to before; "" switches nothing.
	Release string `json:"release,omitempty"`
	// From is the release that the worker has now.
	From   string `json:"from,omitempty"`
	Before string `json:"before,omitempty"`
}

// StepState is how far a worker is, as the journal knows it.
type StepState string

// The states of a step, in their order.
const (
	Pending   StepState = ""          // its turn has not come
	Queued    StepState = "Queued"    // its job is with systemd
	Unknown   StepState = "Unknown"   // the engine died before it saw the job's end
	Done      StepState = "Done"      // the job is over, the gate is not met yet
	Available StepState = "Available" // every gate was met
)

// Step is what the journal knows of one worker.
type Step struct {
	State StepState
	Action
	// Result and Error say how the job ended; a job that systemd refused, or
	// whose release could not be switched, has an Error and no Result.
	Result units.JobResult
	Error  string
	Ended  time.Time // when the job ended
}

// isOpen says that the end of the step is still to come.
func (s Step) isOpen() bool {
	isStopped := s.State == Done && s.Verb == Stop
	return s.State != Pending && s.State != Available && !isStopped
}

// Run is a rollout as its journal tells it: what was asked for, and what has
// been done. The live units are not in it.
type Run struct {
	Start
	Started time.Time
	// Steps are the way to the target, by instance, and Back those of the
	// rollback.
	Steps, Back map[string]Step
	Phase       Phase
	Cause
	// Failure is why a rollout is taken back.
	Failure Cause
	// Paused and Aborted are what somebody asked for since the start.
	Paused, Aborted bool
	// CanaryPassed says that the canary has been held for long enough, or that
	// somebody let it go on. HeldSince is when its hold began.
	CanaryPassed bool
	HeldSince    time.Time
	// Progressed is when a worker last became available, a batch was begun, or
	// the phase changed; the progress deadline counts from here.
	Progressed time.Time
	// Ended is when the phase became one that is over.
	Ended time.Time
	// Actions counts those that were decided.
	Actions int
}

// Start is the input of a rollout: with it and the entries that follow, every
// decision can be taken again.
type Start struct {
	Cluster  string `json:"cluster"`
	Revision int    `json:"revision"`
	By       string `json:"by"`
	// Request tells this rollout from every other that was asked for, so that
	// an engine that is started again knows its own.
	Request string      `json:"request,omitempty"`
	Policy  spec.Policy `json:"policy"`
	Verb    Verb        `json:"verb"`
	// Workers are the instances to be moved, in the order of their names.
	Workers []string `json:"workers"`
	// Surge are the instances beyond them that are started first and stopped
	// at the end.
	Surge []string `json:"surge,omitempty"`
	// Release is the target; "" leaves every worker on the release it has.
	Release string `json:"release,omitempty"`
	// Previous is the last release that was rolled out whole: where a worker
	// goes back to that has none of its own to go back to.
	Previous string `json:"previous,omitempty"`
}

// step is the last that was done with a worker.
func (r Run) step(instance string) Step {
	if step, ok := r.Back[instance]; ok {
		return step
	}
	return r.Steps[instance]
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
	Releases map[string]string // by instance, where its link points
	Probes   map[string]Probe  // by instance
	// Full is the address of a shared listener whose accept queue is full, ""
	// if none is.
	Full string
}
