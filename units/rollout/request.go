package rollout

// RequestVerb is what somebody asks of a rollout that is under way.
type RequestVerb string

// The requests.
const (
	Pause  RequestVerb = "pause"  // begin nothing new
	Resume RequestVerb = "resume" // go on, past the hold of the canary too
	Abort  RequestVerb = "abort"  // go back, or stop where no way leads back
)

// takes says whether a request would change anything.
func (r Run) takes(request RequestVerb) bool {
	switch request {
	case Pause:
		return !r.Paused && r.Failure == (Cause{})
	case Resume:
		return r.Paused || r.Phase == Held
	case Abort:
		return !r.Aborted && r.Failure == (Cause{})
	}
	return false
}

// requested is the run after a request.
func (r *Run) requested(entry Entry) {
	switch entry.Request {
	case Pause:
		r.Paused = true
	case Resume:
		if r.Phase == Held && r.Reason == CanaryHold {
			r.CanaryPassed = true
		}
		r.Paused, r.Progressed = false, entry.Time
	case Abort:
		r.Aborted = true
	}
}
