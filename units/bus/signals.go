package bus

import (
	"errors"
	"slices"

	"github.com/godbus/dbus/v5"

	"github.com/clusterctl/clusterctl/units"
)

// dispatch handles one event after the other until the connection ends.
func (c *Conn) dispatch() {
	for {
		c.events.work()
		select {
		case <-c.events.added:
		case <-c.Lost():
			c.events.work()
			c.mark("")
			return
		}
	}
}

// busSender is the message bus itself, which nobody else can pass for.
const busSender = "org.freedesktop.DBus"

// handle marks what the signal may have changed. Anyone may send a signal to
// this connection: those of others than systemd are passed over, and those
// with a body of another shape.
func (c *Conn) handle(signal *dbus.Signal) {
	switch {
	case signal.Sender == busSender && signal.Name == busSender+".NameOwnerChanged":
		c.ownerChanged(signal)
	case signal.Sender == c.owner:
		c.handleSystemd(signal)
	}
}

func (c *Conn) ownerChanged(signal *dbus.Signal) {
	var name, before, after string
	if dbus.Store(signal.Body, &name, &before, &after) != nil || name != destination {
		return
	}
	c.owner = after
	c.mark("")
	if after != "" {
		c.done.Go(c.lookForJobs)
	}
}

func (c *Conn) handleSystemd(signal *dbus.Signal) {
	switch signal.Name {
	case "org.freedesktop.DBus.Properties.PropertiesChanged":
		if unit, ok := unitOfPath(signal.Path); ok && !c.jobs.awaits(unit) {
			c.mark(unit)
		}
	case managerInterface + ".JobRemoved":
		var id uint32
		var job dbus.ObjectPath
		var unit, result string
		if dbus.Store(signal.Body, &id, &job, &unit, &result) != nil {
			return
		}
		// The unit is marked before the result is handed over, so that
		// who looks after the job sees the unit as the job left it.
		c.mark(unit)
		c.jobs.removed(job, units.JobResult(result))
	case managerInterface + ".UnitNew", managerInterface + ".UnitRemoved":
		var unit string
		var path dbus.ObjectPath
		if dbus.Store(signal.Body, &unit, &path) == nil {
			c.mark(unit)
		}
	case managerInterface + ".Reloading", managerInterface + ".UnitFilesChanged":
		c.mark("")
	}
}

// lookForJobs finds out which jobs have ended while systemd was away from the
// bus. When it re-executes itself it goes on with its jobs before it is back,
// and says nothing of those that end meanwhile.
func (c *Conn) lookForJobs() {
	for _, job := range c.jobs.waiting() {
		var id uint32
		err := c.bus.Object(destination, job).CallWithContext(c.bus.Context(), "org.freedesktop.DBus.Properties.Get", 0,
			jobInterface, "Id").Store(&id)
		var answer dbus.Error
		if errors.As(err, &answer) && answer.Name == "org.freedesktop.DBus.Error.UnknownObject" {
			// Its signal may have come before the answer.
			c.events.add(func() {
				if unit, waited := c.jobs.lose(job); waited {
					c.mark(unit)
				}
			})
		}
	}
}

func (c *Conn) follow(f follower) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.followers = append(c.followers, f)
}

// mark tells everyone that a unit is to be read again; "" stands for all of
// them.
func (c *Conn) mark(unit string) {
	c.mu.Lock()
	followers := slices.Clone(c.followers)
	c.mu.Unlock()
	for _, follower := range followers {
		follower.mark(unit)
	}
}

// hint wakes whoever waits for changes: one hint is as good as two.
func hint(changes chan<- struct{}) {
	select {
	case changes <- struct{}{}:
	default:
	}
}

func (c *Cluster) mark(unit string) {
	_, isWorker := units.Instance(c.name, unit)
	isOther := unit == units.ServiceName(c.name) || c.isSocketName(unit)
	if unit != "" && !isWorker && !isOther {
		return
	}
	c.mu.Lock()
	if unit == "" {
		c.all = true
	} else {
		c.marked[unit] = true
	}
	c.mu.Unlock()
	hint(c.changes)
}
