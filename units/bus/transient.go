package bus

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/clusterctl/clusterctl/units"
)

// Transient is a service of Type=notify that has no unit file: systemd runs it
// and supervises it, so it outlives whoever asked for it.
type Transient struct {
	Unit        string
	Description string
	// Command is an absolute path and its arguments.
	Command     []string
	Environment []string
	// StartLimit is how long it may take until READY=1.
	StartLimit time.Duration
}

type transientProperty struct {
	Name  string
	Value dbus.Variant
}

// execCommand is an element of ExecStart= in StartTransientUnit.
type execCommand struct {
	Path          string
	Args          []string
	IgnoreFailure bool
}

// auxiliaryUnit is never used, but belongs to the signature of the call.
type auxiliaryUnit struct {
	Name       string
	Properties []transientProperty
}

// StartTransient starts the service and waits until it is ready or has failed.
// If it is killed, systemd starts it again; if it exits, it is over. What it
// ended with can be read until this connection is closed, unless it was ready:
// then it is gone with its end, and its name is free again.
//
// A unit of that name that is still loaded is a JobError with the name
// "org.freedesktop.systemd1.UnitExists".
func (c *Conn) StartTransient(ctx context.Context, t Transient) (units.JobResult, error) {
	properties := []transientProperty{
		{"Description", dbus.MakeVariant(t.Description)},
		{"Type", dbus.MakeVariant("notify")},
		{"ExecStart", dbus.MakeVariant([]execCommand{{Path: t.Command[0], Args: t.Command}})},
		{"Environment", dbus.MakeVariant(t.Environment)},
		{"TimeoutStartUSec", dbus.MakeVariant(uint64(t.StartLimit.Microseconds()))},
		{"Restart", dbus.MakeVariant("on-abnormal")},
		{"CollectMode", dbus.MakeVariant("inactive-or-failed")},
		{"AddRef", dbus.MakeVariant(true)},
	}
	result, err := c.queue(ctx, "start", t.Unit, "StartTransientUnit", t.Unit, "fail", properties, []auxiliaryUnit{})
	if err != nil || result != units.JobDone {
		return result, err
	}
	// A unit that has ended already is forgotten all the same.
	_ = c.manager(ctx, "UnrefUnit", t.Unit).Err
	return result, nil
}
