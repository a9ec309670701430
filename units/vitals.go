package units

import "time"

// Vitals are what is shown of a unit beside its state.
type Vitals struct {
	// Since is when the unit last changed its state, zero if it never did.
	Since time.Time
	// Memory is what its processes hold, in bytes, 0 if it has none or systemd
	// does not account for it (MemoryCurrent).
	Memory uint64
	// CPU is what this start of it has used (CPUUsageNSec).
	CPU time.Duration
}
