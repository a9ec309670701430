package rollout

import (
	"maps"
	"time"

	"github.com/clusterctl/clusterctl/units"
)

// Kind is what a journal entry records.
type Kind string

// The kinds of entries.
const (
	KindStart    Kind = "start"    // the whole input; always the first entry
	KindResume   Kind = "resume"   // another engine took over after the death of one
	KindDecision Kind = "decision" // written before it is carried out
	KindJob      Kind = "job"      // a job has ended, or was refused
	KindLost     Kind = "lost"     // systemd could not be reached before the end of a job
	KindRequest  Kind = "request"  // somebody asked for something on the way
)

// Entry is one line of a rollout's journal.
type Entry struct {
	Kind Kind      `json:"kind"`
	Time time.Time `json:"time"`

	Start *Start `json:"start,omitempty"`

	Do        []Action `json:"do,omitempty"`
	Available []string `json:"available,omitempty"`
	Phase     Phase    `json:"phase,omitempty"`
	Cause

	ID       int             `json:"id,omitempty"`
	Instance string          `json:"instance,omitempty"`
	Result   units.JobResult `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`

	Request RequestVerb `json:"request,omitempty"`
}

// Fold is the run that a journal tells. Entries before the start are passed
// over, so that it is total.
func Fold(entries []Entry) Run {
	var run Run
	for _, entry := range entries {
		run.apply(entry)
	}
	return run
}

// NewRun is a rollout of which nothing has been done yet.
func NewRun(start Start) Run {
	var run Run
	run.apply(Entry{Kind: KindStart, Time: time.Now(), Start: &start})
	return run
}

// with is the run after one more entry; the run itself is left as it is.
func (r Run) with(entry Entry) Run {
	r.Steps, r.Back = maps.Clone(r.Steps), maps.Clone(r.Back)
	r.apply(entry)
	return r
}

// apply makes the run what it is after one more entry.
func (r *Run) apply(entry Entry) {
	switch entry.Kind {
	case KindStart:
		if entry.Start != nil {
			*r = begin(*entry.Start, entry.Time)
		}
	case KindDecision:
		r.decided(entry)
	case KindJob, KindLost:
		r.jobEnded(entry)
	case KindRequest:
		r.requested(entry)
	case KindResume:
		r.resumed(entry)
	}
}

func begin(start Start, at time.Time) Run {
	if start.Verb == "" {
		start.Verb = Restart
	}
	return Run{
		Start:      start,
		Steps:      make(map[string]Step),
		Back:       make(map[string]Step),
		Phase:      Progressing,
		Started:    at,
		Progressed: at,
	}
}

// steps are those that the rollout works on now: once it is on its way back, or
// has given up, the way to the target is history.
func (r *Run) steps() map[string]Step {
	if r.Failure != (Cause{}) {
		return r.Back
	}
	return r.Steps
}

func (r *Run) decided(entry Entry) {
	for _, instance := range entry.Available {
		r.arrived(instance)
		r.Progressed = entry.Time
	}
	if entry.Phase != r.Phase {
		r.entered(entry)
	}
	if entry.Phase == Held && entry.Reason == CanaryHold && r.HeldSince.IsZero() {
		r.HeldSince = entry.Time
	}
	r.Phase, r.Cause = entry.Phase, entry.Cause
	for _, action := range entry.Do {
		r.steps()[action.Instance] = Step{State: Queued, Action: action}
		r.Actions = max(r.Actions, action.ID)
		r.Progressed = entry.Time
	}
}

func (r *Run) arrived(instance string) {
	steps := r.Steps
	if _, isBack := r.Back[instance]; isBack {
		steps = r.Back
	}
	step := steps[instance]
	step.State = Available
	steps[instance] = step
}

// entered is about a phase that is another than the last one.
func (r *Run) entered(entry Entry) {
	r.Progressed = entry.Time
	switch {
	case entry.Phase == RollingBack && r.Failure == (Cause{}):
		r.Failure = entry.Cause
	case entry.Phase == Progressing && r.Phase == Held:
		r.CanaryPassed = r.CanaryPassed || r.Reason == CanaryHold
	case entry.Phase.Over():
		r.Ended = entry.Time
	}
}

// awaits says that the end of an action is still of interest.
func (r Run) awaits(action Action) bool {
	for _, steps := range []map[string]Step{r.Steps, r.Back} {
		if step, ok := steps[action.Instance]; ok && step.ID == action.ID && step.State == Queued {
			return true
		}
	}
	return false
}

// underWay are the instances about which something is open.
func (r Run) underWay() []string {
	var instances []string
	for _, steps := range []map[string]Step{r.Steps, r.Back} {
		for instance, step := range steps {
			if step.isOpen() {
				instances = append(instances, instance)
			}
		}
	}
	return instances
}

// jobEnded takes the result to the step whose job it was: one that has been
// replaced by another is of no interest any more.
func (r *Run) jobEnded(entry Entry) {
	for _, steps := range []map[string]Step{r.Steps, r.Back} {
		step, ok := steps[entry.Instance]
		if ok && step.ID == entry.ID && (step.State == Queued || step.State == Unknown) {
			step.State, step.Result, step.Error, step.Ended = Done, entry.Result, entry.Error, entry.Time
			if entry.Kind == KindLost {
				step.State = Unknown
			}
			steps[entry.Instance] = step
		}
	}
}

// resumed forgets what only the dead engine knew: whether its jobs have ended.
func (r *Run) resumed(entry Entry) {
	switch {
	case r.Phase == Failing:
	case r.Failure != (Cause{}):
		r.Phase, r.Cause = RollingBack, r.Failure
	default:
		r.Phase, r.Cause = Progressing, Cause{}
	}
	r.Progressed, r.Ended = entry.Time, time.Time{}
	for _, steps := range []map[string]Step{r.Steps, r.Back} {
		for instance, step := range steps {
			if step.State == Queued {
				step.State = Unknown
				steps[instance] = step
			}
		}
	}
}
