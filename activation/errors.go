package activation

import (
	"fmt"
	"strings"
)

// EnvironmentError is a variable of sd_listen_fds(3) or
// sd_watchdog_enabled(3) that can't be trusted.
type EnvironmentError struct {
	Variable string // LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, WATCHDOG_USEC or WATCHDOG_PID
	Got      string // its value
	Wanted   string // what would have been right, in words
}

func (e *EnvironmentError) Error() string {
	return fmt.Sprintf("%s=%q: wanted %s", e.Variable, e.Got, e.Wanted)
}

// MissingSocketError is a name that a service asked for and systemd did not pass.
type MissingSocketError struct {
	Wanted string   // the FileDescriptorName= asked for
	Got    []string // the names that came, in the order of their descriptors
}

func (e *MissingSocketError) Error() string {
	if len(e.Got) == 0 {
		return fmt.Sprintf("socket %q: wanted a descriptor of that name, got none at all (is the socket unit up, and in Sockets=?)", e.Wanted)
	}
	return fmt.Sprintf("socket %q: wanted a descriptor of that name, got %s", e.Wanted, quoted(e.Got))
}

// WrongKindError is a descriptor that has the wanted name and is something else.
type WrongKindError struct {
	Name   string
	Wanted Kind
	Got    Kind
}

func (e *WrongKindError) Error() string {
	return fmt.Sprintf("socket %q: wanted a %s, got a %s", e.Name, e.Wanted, e.Got)
}

// CutError reports connections that were still busy when the drain reached
// its limit, and were closed.
type CutError struct {
	Service string
	Clients []string // their remote addresses
}

func (e *CutError) Error() string {
	const shown = 5
	if len(e.Clients) <= shown {
		return fmt.Sprintf("service %q: drain reached its limit, %d connections cut: %s", e.Service, len(e.Clients), quoted(e.Clients))
	}
	return fmt.Sprintf("service %q: drain reached its limit, %d connections cut: %s and others", e.Service, len(e.Clients), quoted(e.Clients[:shown]))
}

func quoted(names []string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(parts, ", ")
}
