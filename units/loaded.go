package units

import "time"

// LoadedUnit is what systemd has read of a unit, and since when the unit is up. The
// moments are those of CLOCK_MONOTONIC, which no step of the wall clock moves.
type LoadedUnit struct {
	Unit
	// Files are the unit file and its drop-ins, in the order in which systemd
	// reads them; none if the unit has no file.
	Files []string
	// Started is when a socket was last started, and when the main process of a
	// service was; 0 if never.
	Started time.Duration
	// Entered is when the unit last became active, 0 if never.
	Entered time.Duration
}
