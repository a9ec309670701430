package doctor

import (
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/listener"
	"github.com/clusterctl/clusterctl/units/release"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// Host is what was read of the host.
type Host struct {
	Systemd int // its version, 0 if it could not be read
	Now     time.Time
	// Future is the time of an entry of the journal that is ahead of the clock,
	// zero if there is none.
	Future time.Time
}

// Cluster is what was read of a cluster. What could not be read is zero.
type Cluster struct {
	units.Cluster
	User bool // its units are those of a user's manager
	Now  time.Time

	// Setup is how its units are set up: the cluster's own, its sockets, and each
	// worker by instance.
	Setup        units.ServiceDetail
	SocketSetups []units.SocketDetail
	WorkerSetups map[string]units.ServiceDetail
	// Files are the texts of the drop-ins, by path.
	Files map[string]string

	Policy    spec.Policy
	PolicyErr error
	// Spec is the .cluster file that the units were made of.
	Spec Spec

	// Listening are the sockets on its addresses, and Held who holds which of
	// them: the manager and each worker, by inode. A worker whose descriptors
	// could not be read is not there.
	Listening     []listener.Socket
	HeldByManager map[uint64]bool
	Held          map[string]map[uint64]bool
	// SoMaxConn is the kernel's bound of a backlog.
	SoMaxConn int

	// Answers are what the workers said on their admin sockets, by instance.
	Answers map[string]Answer

	HasReleases bool
	Releases    []release.Release // the newest first
	Links       map[string]string // the release of a worker, by instance
	Changed     map[string]error  // what is wrong with the files of a release, by its name
	// Sources are the releases whose directory or archive is still there, by name.
	Sources map[string]bool
	// Needed are the releases that a rollout or an undo may still bring.
	Needed []string
	// Free is the room on the file system of the releases, in bytes; Dir is where
	// that is.
	Free uint64
	Dir  string

	Run      *rollout.Run // the newest rollout, nil if there was none
	UnderWay bool         // its engine runs
}

// Answer is what a worker said. Err is nil if it did.
type Answer struct {
	Err          error
	OutOfService bool
}

// Spec is the .cluster file of a cluster, as far as it could be read.
type Spec struct {
	Path    string // "" if the units were made from a command line
	Err     error  // why it does not make units
	Drift   []string
	Workers int  // how many it asks for, 0 if that is not known
	AtBoot  bool // it starts with the host
}

// serving are the workers that are up.
func (c Cluster) serving() []units.Worker {
	var serving []units.Worker
	for _, w := range c.Workers {
		if w.ActiveState.Serving() {
			serving = append(serving, w)
		}
	}
	return serving
}
