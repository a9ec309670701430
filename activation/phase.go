package activation

import "net/http"

// phase is where a connection stands, as the drain sees it.
type phase int

const (
	phaseNew phase = iota
	phaseActive
	phaseIdle
	phaseHTTP2        // not told yet that we are leaving
	phaseHTTP2Warned  // told; requests may still be on their way
	phaseHTTP2Settled // told for a grace: what was on its way has come
	phaseHijacked     // belongs to its handler
	phaseGone
)

func (p phase) isHTTP1() bool { return p <= phaseIdle }

func (p phase) isHTTP2() bool { return p >= phaseHTTP2 && p <= phaseHTTP2Settled }

// isSettled tells that http.Server.Shutdown can do the connection no harm.
func (p phase) isSettled() bool { return p >= phaseHTTP2Settled }

func anyPhase(phase) bool { return true }

func (p phase) isHijacked() bool { return p == phaseHijacked }

func phaseOf(state http.ConnState) phase {
	switch state {
	case http.StateNew:
		return phaseNew
	case http.StateIdle:
		return phaseIdle
	case http.StateHijacked:
		return phaseHijacked
	case http.StateClosed:
		return phaseGone
	default:
		return phaseActive
	}
}
