// Package bus is systemd over D-Bus: it looks at the units of a cluster,
// queues jobs for them and waits for their results.
//
// Its invariant: signals are hints, properties are the truth. A signal only
// marks a unit as changed; what is reported about the unit is always read from
// its properties after that. So a lost, doubled or late signal can delay
// nothing but the moment of the next look.
//
// It talks to the message bus and never to systemd's private socket: over the
// private socket the result of a job is lost when systemd re-executes itself.
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
	signals chan *dbus.Signal
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
	reader, err := DialReader(ctx, address)
	if err != nil {
		return nil, err
	}
	c := &Conn{Reader: reader, signals: make(chan *dbus.Signal, 64)}
	c.bus.Signal(c.signals)
	c.done.Go(c.dispatch)
	if err := c.subscribe(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// subscribe asks for the signals of the manager and of all its units with few
// match rules: a bus allows a connection only some hundred of them.
func (c *Conn) subscribe(ctx context.Context) error {
	matches := [][]dbus.MatchOption{
		{dbus.WithMatchSender(destination), dbus.WithMatchInterface(managerInterface)},
		{
			dbus.WithMatchSender(destination),
			dbus.WithMatchInterface("org.freedesktop.DBus.Properties"),
			dbus.WithMatchMember("PropertiesChanged"),
			dbus.WithMatchPathNamespace(managerPath + "/unit"),
		},
		{
			dbus.WithMatchSender("org.freedesktop.DBus"),
			dbus.WithMatchMember("NameOwnerChanged"),
			dbus.WithMatchArg(0, destination),
		},
	}
	for _, match := range matches {
		if err := c.bus.AddMatchSignalContext(ctx, match...); err != nil {
			return fmt.Errorf("subscribe to systemd's signals: %w", c.explain(err))
		}
	}
	if err := c.manager(ctx, "Subscribe").Err; err != nil {
		return fmt.Errorf("subscribe to systemd's signals: %w", c.explain(err))
	}
	return nil
}

// Close ends the connection.
func (c *Conn) Close() error {
	err := c.bus.Close()
	c.done.Wait()
	return err
}
