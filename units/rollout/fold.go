package rollout

import (
	"maps"
	"slices"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
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
)

// Entry is one line of a rollout's journal.
type Entry struct {
	Kind Kind      `json:"kind"`
	Time time.Time `json:"time"`

	Start *Start `json:"start,omitempty"`

	Do        []Action `json:"do,omitempty"`
	Available []string `json:"available,omitempty"`
	Phase     Phase    `json:"phase,omitempty"`
	Reason    Reason   `json:"reason,omitempty"`
	Worker    string   `json:"worker,omitempty"`
	Message   string   `json:"message,omitempty"`

	Instance string          `json:"instance,omitempty"`
	Result   units.JobResult `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
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
	Workers []string    `json:"workers"`
}

// Fold is the run that a journal tells. Entries before the start are passed
// over, so that it is total.
func Fold(entries []Entry) Run {
	var run Run
	for _, entry := range entries {
		run = run.with(entry)
	}
	return run
}

// with is the run after one more entry; the run itself is left as it is.
func (r Run) with(entry Entry) Run {
	if entry.Kind == KindStart && entry.Start != nil {
		return begin(*entry.Start, entry.Time)
	}
	r.Steps = maps.Clone(r.Steps)
	if r.Steps == nil {
		r.Steps = make(map[string]Step)
	}
	switch entry.Kind {
	case KindDecision:
		return r.decided(entry)
	case KindJob:
		step := r.Steps[entry.Instance]
		step.State, step.Result, step.Error = Restarted, entry.Result, entry.Error
		r.Steps[entry.Instance] = step
	case KindResume:
		r.Phase, r.Reason, r.Worker, r.Message, r.Ended = Progressing, "", "", "", time.Time{}
		r.Progressed = entry.Time
		for instance, step := range r.Steps {
			if step.State == Restarting {
				step.State = Unknown
				r.Steps[instance] = step
			}
		}
	}
	return r
}

// NewRun is a rollout of which nothing has been done yet.
func NewRun(start Start) Run { return begin(start, time.Now()) }

func begin(start Start, at time.Time) Run {
	return Run{
		Cluster:    start.Cluster,
		Revision:   start.Revision,
		By:         start.By,
		Request:    start.Request,
		Policy:     start.Policy,
		Workers:    slices.Clone(start.Workers),
		Steps:      make(map[string]Step),
		Phase:      Progressing,
		Started:    at,
		Progressed: at,
	}
}

func (r Run) decided(entry Entry) Run {
	r.Phase, r.Reason, r.Worker, r.Message = entry.Phase, entry.Reason, entry.Worker, entry.Message
	for _, action := range entry.Do {
		r.Steps[action.Instance] = Step{State: Restarting, Before: action.Before}
	}
	for _, instance := range entry.Available {
		step := r.Steps[instance]
		step.State = Available
		r.Steps[instance] = step
		r.Progressed = entry.Time
	}
	if r.Phase.Over() {
		r.Ended = entry.Time
	}
	return r
}
