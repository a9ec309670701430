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
	"syscall"

	"github.com/godbus/dbus/v5"
)

// Reader is a connection to one systemd manager for looking alone: it asks for
// no signals, and so costs a single look the least. It is safe for use by
// several goroutines.
type Reader struct {
	bus     *dbus.Conn
	reading share // units
}

// OpenReader reaches the manager, past the message bus for who may: an answer
// comes several times as fast, and also while the message bus is down. The
// context bounds the handshake only, not the life of the connection.
func OpenReader(ctx context.Context, manager Manager) (*Reader, error) {
	if socket := privateSocket(manager); socket != "" {
		if r, err := dialReader(ctx, "unix:path="+socket, (*dbus.Conn).Auth); err == nil {
			return r, nil
		}
	}
	address, err := address(manager)
	if err != nil {
		return nil, err
	}
	return DialReader(ctx, address)
}

// DialReader reaches the manager behind a bus address.
func DialReader(ctx context.Context, address string) (*Reader, error) {
	return dialBus(ctx, address)
}

func dialBus(ctx context.Context, address string, options ...dbus.ConnOption) (*Reader, error) {
	r, err := dialReader(ctx, address, func(bus *dbus.Conn, methods []dbus.Auth) error {
		if err := bus.Auth(methods); err != nil {
			return err
		}
		return bus.Hello()
	}, options...)
	if err != nil {
		return nil, noBus(address, err)
	}
	return r, nil
}

func dialReader(ctx context.Context, address string, handshake func(*dbus.Conn, []dbus.Auth) error, options ...dbus.ConnOption) (*Reader, error) {
	raw, err := dbus.Dial(address, options...)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	if err := handshake(raw, nil); err != nil {
		raw.Close()
		return nil, errors.Join(context.Cause(ctx), err)
	}
	return &Reader{bus: raw, reading: make(share, readersAtATime)}, nil
}

// Close ends the connection.
func (r *Reader) Close() error { return r.bus.Close() }

// Lost is closed when the connection has ended, for whatever reason.
func (r *Reader) Lost() <-chan struct{} { return r.bus.Context().Done() }

func (r *Reader) manager(ctx context.Context, method string, args ...any) *dbus.Call {
	return r.bus.Object(destination, managerPath).CallWithContext(ctx, managerInterface+"."+method, 0, args...)
}

// explain turns the errors of the bus that callers decide on into ours.
func (r *Reader) explain(err error) error {
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
	if r.isLost(err) {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return err
}

// isLost says that an error is that of a connection which has ended. What is
// written to it fails before its end is noticed.
func (r *Reader) isLost(err error) bool {
	select {
	case <-r.Lost():
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

// privateSocket is systemd's own, "" if somebody has said which bus to use.
func privateSocket(manager Manager) string {
	switch {
	case manager == System && os.Getenv("DBUS_SYSTEM_BUS_ADDRESS") == "":
		return "/run/systemd/private"
	case manager == User && os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" && os.Getenv("XDG_RUNTIME_DIR") != "":
		return filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "systemd", "private")
	}
	return ""
}
