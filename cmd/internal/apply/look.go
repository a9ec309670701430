package apply

import "github.com/clusterctl/clusterctl/units"

// Look is a cluster beside its .cluster file, at one moment.
type Look struct {
	Cluster string
	// Lazy says that only the sockets start at boot.
	Lazy bool
	// Write are the unit files that are to be written or removed, with their
	// directory.
	Write []string
	// Unread says that systemd has not read its unit files since one of the
	// cluster changed, or that its generator is to make them.
	Unread bool
	// Enable and Disable are the units whose links are missing, or too many.
	Enable, Disable []string
	Service         units.Unit
	Sockets         []Unit // that the cluster is to have
	Gone            []Unit // sockets that it had, and that are still up
	Workers         []Worker
	// Resets says that the kernel resets what comes to a TCP listener in the
	// moment in which it is closed, although another stands beside it.
	Resets bool
	// Release is the one for workers that have none yet, "" if there is none.
	Release string
}

// Unit is a unit as it is.
type Unit struct {
	units.LoadedUnit
	// Old says that it runs another text than its files have, or are about to
	// have.
	Old bool
}

// Worker is a worker as it is.
type Worker struct {
	Unit
	Instance string
	// Wanted says that it is one of those that the cluster is to have.
	Wanted bool
	// Waits says that systemd is about to start it again after a crash.
	Waits bool
	// Homeless says that it runs from a release and has none.
	Homeless bool
}

// IsUp says that something of it runs.
func (w Worker) IsUp() bool { return !w.ActiveState.Down() && !w.Waits }

// isRunning says that the cluster is up, or on its way.
func (l Look) isRunning() bool {
	if !l.Service.ActiveState.Down() {
		return true
	}
	for _, w := range l.Workers {
		if w.IsUp() {
			return true
		}
	}
	return false
}

// Homeless are the workers that can't start, for there is no release for them.
func (l Look) Homeless() []string {
	if l.Release != "" {
		return nil
	}
	return namesOf(l.Workers, func(w Worker) bool { return w.Wanted && w.Homeless })
}

func namesOf(workers []Worker, is func(Worker) bool) []string {
	var names []string
	for _, w := range workers {
		if is(w) {
			names = append(names, w.Name)
		}
	}
	return names
}
