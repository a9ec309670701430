// Package bus is systemd over D-Bus: it looks at the units of a cluster,
// queues jobs for them and waits for their results.
//
// Its invariant: signals are hints, properties are the truth. A signal only
// marks a unit as changed; what is reported about the unit is always read from
// its properties after that. So a lost, doubled or late signal can delay
// nothing but the moment of the next look. A unit whose job is waited for here
// is marked when the job is over, and not by what happens on the way.
//
// Jobs and signals go over the message bus and never over systemd's private
// socket: there the result of a job is lost when systemd re-executes itself. A
// Reader has no jobs to lose.
package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/godbus/dbus/v5"

	"github.com/clusterctl/clusterctl/units"
)

// Manager names the systemd instance to talk to.
type Manager string

// The managers, as systemctl's --system and --user name them.
const (
	System Manager = "system"
	User   Manager = "user"
)

const (
	destination      = "org.freedesktop.systemd1"
	managerPath      = dbus.ObjectPath("/org/freedesktop/systemd1")
	managerInterface = "org.freedesktop.systemd1.Manager"
	jobInterface     = "org.freedesktop.systemd1.Job"
)

var (
	// ErrNoSystemd is returned when no systemd answers on the bus.
	ErrNoSystemd = errors.New("systemd is not reachable")
	// ErrPermission is returned when systemd or polkit refuses the caller.
	ErrPermission = errors.New("permission denied")
	// ErrLost is returned when the connection to the bus ended.
	ErrLost = units.ErrLost
)

// Conn is a connection to one systemd manager that hears its signals, so it can
// follow units and wait for jobs. It is safe for use by several goroutines.
// Close ends it and everything that waits on it.
type Conn struct {
	*Reader
	jobs    jobs
	queuing share
	events  *events
	owner   string // the connection of systemd; for dispatch alone
	done    sync.WaitGroup

	mu        sync.Mutex
	followers []follower
}

// follower is told which unit may have changed; "" stands for all of them.
type follower interface{ mark(unit string) }

// Connect reaches the manager. The context bounds the handshake only, not the
// life of the connection.
func Connect(ctx context.Context, manager Manager) (*Conn, error) {
	address, err := address(manager)
	if err != nil {
		return nil, err
	}
	return Dial(ctx, address)
}

// Dial reaches the manager behind a bus address, such as
// "unix:path=/run/dbus/system_bus_socket".
func Dial(ctx context.Context, address string) (*Conn, error) {
	c := &Conn{queuing: make(share, jobsAtATime)}
	c.events = newEvents(c.handle)
	var err error
	if c.Reader, err = dialBus(ctx, address, dbus.WithSignalHandler(c.events)); err != nil {
		return nil, err
	}
	c.done.Go(c.dispatch)
	if err := c.subscribe(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// matches are the rules for the signals of the manager and of all its units.
// They are few, for a bus allows a connection only some hundred of them.
var matches = []string{
	"type='signal',sender='" + destination + "',interface='" + managerInterface + "'",
	"type='signal',sender='" + destination + "',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',path_namespace='" + string(managerPath) + "/unit'",
	"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" + destination + "'",
}

// subscribe asks for the signals. All calls are on their way before the first
// answer is awaited: a command is over in the time of some hundred of them.
func (c *Conn) subscribe(ctx context.Context) error {
	ask := func(method string, args ...any) *dbus.Call {
		return c.bus.BusObject().GoWithContext(ctx, "org.freedesktop.DBus."+method, 0, make(chan *dbus.Call, 1), args...)
	}
	var calls []*dbus.Call
	for _, match := range matches {
		calls = append(calls, ask("AddMatch", match))
	}
	calls = append(calls, c.bus.Object(destination, managerPath).GoWithContext(ctx, managerInterface+".Subscribe", 0, make(chan *dbus.Call, 1)))
	// Who holds the name is asked last: to ask systemd may have started it.
	nameOwner := ask("GetNameOwner", destination)
	for _, call := range append(calls, nameOwner) {
		if answer := <-call.Done; answer.Err != nil {
			return fmt.Errorf("subscribe to systemd's signals: %w", c.explain(answer.Err))
		}
	}
	var owner string
	if err := nameOwner.Store(&owner); err != nil {
		return fmt.Errorf("subscribe to systemd's signals: %w", err)
	}
	c.events.add(func() { c.owner = owner })
	return nil
}

// Close ends the connection.
func (c *Conn) Close() error {
	err := c.bus.Close()
	c.done.Wait()
	return err
}
