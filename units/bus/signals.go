package bus

import (
	"errors"
	"slices"

	"github.com/godbus/dbus/v5"

	"github.com/clusterctl/clusterctl/units"
)

// dispatch handles one signal after the other until the connection ends.
func (c *Conn) dispatch() {
	for {
		select {
		case signal, open := <-c.signals:
			if !open {
				c.mark("")
				return
			}
			c.handle(signal)
		case <-c.Lost():
			c.mark("")
			return
		}
	}
}

// handle marks what the signal may have changed. Signals with a body of
// another shape than systemd's are passed over: anyone may send one.
func (c *Conn) handle(signal *dbus.Signal) {
	switch signal.Name {
	case "org.freedesktop.DBus.Properties.PropertiesChanged":
		c.markPath(signal.Path)
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
	case "org.freedesktop.DBus.NameOwnerChanged":
		c.mark("")
		c.done.Go(c.lookForJobs)
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
			c.jobs.lose(job)
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

func (c *Conn) markPath(path dbus.ObjectPath) {
	if unit, ok := unitOfPath(path); ok {
		c.mark(unit)
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
