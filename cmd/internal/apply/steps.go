package apply

import (
	"fmt"

	"github.com/clusterctl/clusterctl/units"
)

// Verb is what a step does.
type Verb string

// The verbs, in the order in which they are done.
const (
	Disable Verb = "disable"
	Write   Verb = "write"
	Enable  Verb = "enable"
	Reload  Verb = "reload" // systemd reads its unit files
	Link    Verb = "link"   // a worker to a release
	Listen  Verb = "listen" // start a socket
	Renew   Verb = "renew"  // restart a socket, beside the listener that workers hold
	Drain   Verb = "drain"  // stop workers that are too many
	Start   Verb = "start"
	Roll    Verb = "roll"
	Close   Verb = "close" // stop a socket that no worker holds any more
)

// Step is a piece of the work. Units are what it is done to: files of a Write,
// units of every other verb.
type Step struct {
	Verb  Verb     `json:"verb"`
	Units []string `json:"units,omitempty"`
	Why   string   `json:"why"`
}

// ChangesFiles says that systemd has to read its unit files after the step.
func (s Step) ChangesFiles() bool { return s.Verb == Disable || s.Verb == Write || s.Verb == Enable }

// Steps is what is left to do, in order. It is empty when all is as the file says.
func Steps(l Look) []Step {
	var steps []Step
	add := func(verb Verb, names []string, why string) {
		if len(names) > 0 {
			steps = append(steps, Step{verb, names, why})
		}
	}
	add(Disable, l.Disable, "not part of the cluster any more")
	add(Write, l.Write, "not as the .cluster file says")
	add(Enable, l.Enable, "for the next boot too")
	if l.Unread || len(steps) > 0 {
		add(Reload, []string{"systemd"}, "they have changed")
	}
	add(Link, l.linked(), "they have no release yet, and the others run it")
	add(Listen, l.closed(), "nobody listens")
	add(Renew, l.oldSockets(), l.whyRenew())
	add(Drain, namesOf(l.Workers, func(w Worker) bool { return !w.Wanted && !w.ActiveState.Down() }), "the cluster has fewer workers now")
	if !l.Lazy || l.isRunning() {
		steps = append(steps, l.run()...)
	}
	add(Close, unitNames(l.Gone), "the cluster has no such listener any more")
	return steps
}

// run brings the workers up, and to what their units say. A rollout starts those
// that are down before it moves any other.
func (l Look) run() []Step {
	old := namesOf(l.Workers, func(w Worker) bool { return w.Wanted && w.IsUp() && l.isOld(w) })
	if len(old) > 0 {
		all := namesOf(l.Workers, func(w Worker) bool { return w.Wanted && !w.isStranded(l) })
		return []Step{{Roll, all, l.why(len(old))}}
	}
	down := namesOf(l.Workers, func(w Worker) bool { return w.Wanted && !w.ActiveState.Serving() && !w.isStranded(l) })
	if l.Service.ActiveState != units.Active && len(l.Homeless()) == 0 {
		down = append([]string{units.ServiceName(l.Cluster)}, down...)
	}
	if len(down) == 0 {
		return nil
	}
	return []Step{{Start, down, "down"}}
}

// isStranded says that there is no release that the worker could run.
func (w Worker) isStranded(l Look) bool { return w.Homeless && l.Release == "" }

// isOld says that a worker that is up runs another text than its unit has, or
// lacks a listener that is there: it was started before that was.
func (l Look) isOld(w Worker) bool { return w.Old || l.newListener(w) != "" }

// newListener is a socket that the worker can't hold, for it is younger.
func (l Look) newListener(w Worker) string {
	for _, s := range l.Sockets {
		if s.Old || s.ActiveState.Down() || s.Started > w.Started {
			return s.Name
		}
	}
	return ""
}

func (l Look) why(old int) string {
	for _, w := range l.Workers {
		if w.Wanted && w.IsUp() && w.Old {
			return fmt.Sprintf("%d of them run another text of their unit", old)
		}
	}
	for _, w := range l.Workers {
		if name := l.newListener(w); w.Wanted && w.IsUp() && name != "" {
			return fmt.Sprintf("%d of them do not hold the listener of %s; until the first is rolled, new connections to it wait", old, name)
		}
	}
	return ""
}

func (l Look) linked() []string {
	if l.Release == "" {
		return nil
	}
	return namesOf(l.Workers, func(w Worker) bool { return w.Wanted && w.Homeless })
}

// closed are the sockets that are down. One that starts now listens in its new
// way at once.
func (l Look) closed() []string {
	return unitNames(filter(l.Sockets, func(u Unit) bool { return u.ActiveState.Down() }))
}

func (l Look) oldSockets() []string {
	return unitNames(filter(l.Sockets, func(u Unit) bool { return u.Old && !u.ActiveState.Down() }))
}

func (l Look) whyRenew() string {
	why := "the listener has changed: the new one stands beside the old one, which workers hold until they are rolled"
	if l.Resets {
		why += "; a connection that comes in the moment in which the last of them lets go of it may be reset, unless net.ipv4.tcp_migrate_req is 1"
	}
	return why
}

func filter(all []Unit, is func(Unit) bool) []Unit {
	var some []Unit
	for _, u := range all {
		if is(u) {
			some = append(some, u)
		}
	}
	return some
}

func unitNames(all []Unit) []string {
	var names []string
	for _, u := range all {
		names = append(names, u.Name)
	}
	return names
}
