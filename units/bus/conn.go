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
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"

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

// Conn is a connection to one systemd manager. It is safe for use by several
// goroutines. Close ends it and everything that waits on it.
type Conn struct {
	bus     *dbus.Conn
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
	// The default handler hands signals to new goroutines when its reader is
	// slow, and so out of order.
	raw, err := dbus.Dial(address, dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err != nil {
		return nil, noBus(address, err)
	}
	c := &Conn{bus: raw, signals: make(chan *dbus.Signal, 64)}
	if err := c.handshake(ctx); err != nil {
		raw.Close()
		return nil, noBus(address, err)
	}
	raw.Signal(c.signals)
	c.done.Go(c.dispatch)
	if err := c.subscribe(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Conn) handshake(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.bus.Close() })
	defer stop()
	if err := c.bus.Auth(nil); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	if err := c.bus.Hello(); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return nil
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

// Lost is closed when the connection has ended, for whatever reason.
func (c *Conn) Lost() <-chan struct{} { return c.bus.Context().Done() }

func (c *Conn) manager(ctx context.Context, method string, args ...any) *dbus.Call {
	return c.bus.Object(destination, managerPath).CallWithContext(ctx, managerInterface+"."+method, 0, args...)
}

// explain turns the errors of the bus that callers decide on into ours.
func (c *Conn) explain(err error) error {
	var answer dbus.Error
	if errors.As(err, &answer) {
		switch answer.Name {
		case "org.freedesktop.DBus.Error.AccessDenied",
			"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
			"org.freedesktop.DBus.Error.AuthFailed":
			return fmt.Errorf("%w: %s", ErrPermission, answer.Error())
		case "org.freedesktop.DBus.Error.ServiceUnknown",
			"org.freedesktop.DBus.Error.NameHasNoOwner",
			"org.freedesktop.DBus.Error.Spawn.ChildExited":
			return fmt.Errorf("%w: %s", ErrNoSystemd, answer.Error())
		case "org.freedesktop.DBus.Error.NoReply",
			"org.freedesktop.DBus.Error.Disconnected":
			// systemd re-executes itself: it left the bus with our question.
			return fmt.Errorf("%w: %s", ErrLost, answer.Error())
		}
		return err
	}
	if c.isLost(err) {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return err
}

// isLost says that an error is that of a connection which has ended. What is
// written to it fails before its end is noticed.
func (c *Conn) isLost(err error) bool {
	select {
	case <-c.Lost():
		return true
	default:
	}
	var broken *net.OpError
	return errors.Is(err, dbus.ErrClosed) || errors.Is(err, io.EOF) || errors.As(err, &broken)
}

func noBus(address string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: message bus %q: %w", ErrPermission, address, err)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: no message bus at %q", ErrNoSystemd, address)
	}
	return fmt.Errorf("%w: message bus %q: %w", ErrNoSystemd, address, err)
}

// address is where the bus of the manager listens; the environment variables
// are those of the D-Bus specification.
func address(manager Manager) (string, error) {
	if manager == System {
		if address := os.Getenv("DBUS_SYSTEM_BUS_ADDRESS"); address != "" {
			return address, nil
		}
		return "unix:path=/run/dbus/system_bus_socket", nil
	}
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		return address, nil
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return "unix:path=" + filepath.Join(dir, "bus"), nil
	}
	return "", fmt.Errorf("%w: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set, so this login has no user manager", ErrNoSystemd)
}
