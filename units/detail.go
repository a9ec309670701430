package units

import "time"

// Detail is what a unit says of how it is set up, under the names of its D-Bus
// properties (org.freedesktop.systemd1(5)).
type Detail struct {
	Unit
	// FragmentPath is its unit file, and DropInPaths what is read after it.
	FragmentPath  string
	DropInPaths   []string
	UnitFileState string // as systemctl is-enabled says it
	// StartLimitInterval is 0 if it may be started as often as anybody likes.
	StartLimitInterval time.Duration
}

// ServiceDetail is that of a service.
type ServiceDetail struct {
	Detail
	Type        string
	NonBlocking bool
	// Watchdog is how long it may be silent, 0 if for ever.
	Watchdog time.Duration
	// TimeoutStart and TimeoutStop bound its start and stop; NoLimit is none.
	TimeoutStart, TimeoutStop time.Duration
	MainPID                   uint32
}

// SocketDetail is that of a socket unit.
type SocketDetail struct {
	Detail
	// TriggerLimitInterval is 0 if it may wake its service as often as need be.
	TriggerLimitInterval time.Duration
	// Backlog is how many connections may wait, as far as the unit has a say.
	Backlog uint32
	// Streams are the addresses that take connections: "127.0.0.1:8080".
	Streams []string
}

// NoLimit is a time that never comes.
const NoLimit = time.Duration(1<<63 - 1)
