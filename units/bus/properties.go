package bus

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/clusterctl/clusterctl/units"
)

const (
	unitInterface    = "org.freedesktop.systemd1.Unit"
	serviceInterface = "org.freedesktop.systemd1.Service"
	socketInterface  = "org.freedesktop.systemd1.Socket"
)

func unitPath(unit string) dbus.ObjectPath {
	return managerPath + "/unit/" + dbus.ObjectPath(systemd.PathBusEscape(unit))
}

// unitOfPath is the reverse of unitPath: every byte but [A-Za-z0-9] stands as
// "_" and two hexadecimal digits in the path (sd_bus_path_encode(3)).
func unitOfPath(path dbus.ObjectPath) (string, bool) {
	escaped, ok := strings.CutPrefix(string(path), string(managerPath)+"/unit/")
	if !ok {
		return "", false
	}
	var name strings.Builder
	for i := 0; i < len(escaped); i++ {
		if escaped[i] != '_' {
			name.WriteByte(escaped[i])
			continue
		}
		if i+2 >= len(escaped) {
			return "", false
		}
		b, err := hex.DecodeString(escaped[i+1 : i+3])
		if err != nil {
			return "", false
		}
		name.Write(b)
		i += 2
	}
	return name.String(), true
}

// property is one value to read, and where to store it.
type property struct {
	iface, name string
	into        any
}

// read fetches the properties of a unit; several calls are on their way before
// the first answer is awaited. Reading a unit that isn't loaded makes systemd
// load it, and a unit without a file reads as LoadState "not-found".
func (r *Reader) read(ctx context.Context, unit string, properties []property) error {
	if err := r.reading.take(ctx); err != nil {
		return fmt.Errorf("read unit %q: %w", unit, err)
	}
	defer r.reading.give()
	for some := range slices.Chunk(properties, propertiesAtATime) {
		if err := r.readSome(ctx, unit, some); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) readSome(ctx context.Context, unit string, properties []property) error {
	object := r.bus.Object(destination, unitPath(unit))
	calls := make([]*dbus.Call, len(properties))
	for i, p := range properties {
		calls[i] = object.GoWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, make(chan *dbus.Call, 1), p.iface, p.name)
	}
	for i, call := range calls {
		answered := <-call.Done
		if answered.Err != nil {
			return fmt.Errorf("read %s of unit %q: %w", properties[i].name, unit, r.explain(answered.Err))
		}
		if err := answered.Store(properties[i].into); err != nil {
			return fmt.Errorf("read %s of unit %q: %w", properties[i].name, unit, err)
		}
	}
	return nil
}

// jobOfUnit is the Job property: the id of the job, 0 for none, and its path.
type jobOfUnit struct {
	ID   uint32
	Path dbus.ObjectPath
}

// needDaemonReload makes systemd look at the files of the unit, so it is read
// when all is read, and not after every change.
func needDaemonReload(u *units.Unit) property {
	return property{unitInterface, "NeedDaemonReload", &u.NeedDaemonReload}
}

func unitProperties(u *units.Unit, job *jobOfUnit) []property {
	return []property{
		{unitInterface, "LoadState", (*string)(&u.LoadState)},
		{unitInterface, "ActiveState", (*string)(&u.ActiveState)},
		{unitInterface, "SubState", &u.SubState},
		{unitInterface, "Job", job},
	}
}

// worker is a worker as read, with the moment instead of the age of its start.
type worker struct {
	units.Worker
	activeSince time.Duration // CLOCK_MONOTONIC
}

// readWorker reads a worker, with what more tells of any unit.
func (r *Reader) readWorker(ctx context.Context, cluster, unit string, more ...func(*units.Unit) property) (worker, error) {
	var w worker
	var job jobOfUnit
	var invocation []byte
	var activeEnter uint64
	properties := append(unitProperties(&w.Unit, &job),
		property{unitInterface, "InvocationID", &invocation},
		property{unitInterface, "ActiveEnterTimestampMonotonic", &activeEnter},
		property{serviceInterface, "Result", &w.Result},
		property{serviceInterface, "NRestarts", &w.NRestarts},
		property{serviceInterface, "MainPID", &w.MainPID},
		property{serviceInterface, "StatusText", &w.StatusText},
		property{serviceInterface, "ExecMainStatus", &w.ExecMainStatus},
	)
	for _, property := range more {
		properties = append(properties, property(&w.Unit))
	}
	if err := r.read(ctx, unit, properties); err != nil {
		return worker{}, err
	}
	w.Name, w.Job = unit, job.ID
	w.Instance, _ = units.Instance(cluster, unit)
	w.InvocationID = hex.EncodeToString(invocation)
	w.activeSince = time.Duration(activeEnter) * time.Microsecond
	return w, nil
}

// at is the worker as it is at a moment of CLOCK_MONOTONIC, the clock of the
// unit timestamps, which no step of the wall clock moves.
func (w worker) at(now time.Duration) units.Worker {
	seen := w.Worker
	if seen.ActiveState.Serving() {
		seen.ActiveFor = now - w.activeSince
	}
	return seen
}

func monotonicNow() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic("CLOCK_MONOTONIC can't be read: " + err.Error()) // it always can on Linux
	}
	return time.Duration(now.Nano())
}

// socket is a socket unit with its addresses.
type socket struct {
	units.Unit
	listen []string
}

func (r *Reader) readSocket(ctx context.Context, name string) (socket, error) {
	var u socket
	var job jobOfUnit
	var listen []struct{ Type, Address string }
	properties := append(unitProperties(&u.Unit, &job), needDaemonReload(&u.Unit),
		property{socketInterface, "Result", &u.Result},
		property{socketInterface, "Listen", &listen},
	)
	if err := r.read(ctx, name, properties); err != nil {
		return socket{}, err
	}
	u.Name, u.Job = name, job.ID
	for _, one := range listen {
		u.listen = append(u.listen, one.Address)
	}
	return u, nil
}

// service is the cluster's own unit and what hangs on it.
type service struct {
	units.Unit
	wanted map[string]bool // the units in its Wants=
	files  []string
}

func (r *Reader) readService(ctx context.Context, name string) (service, error) {
	var s service
	var job jobOfUnit
	var fragment string
	var dropIns, wants []string
	properties := append(unitProperties(&s.Unit, &job),
		needDaemonReload(&s.Unit),
		property{serviceInterface, "Result", &s.Result},
		property{unitInterface, "Wants", &wants},
		property{unitInterface, "FragmentPath", &fragment},
		property{unitInterface, "DropInPaths", &dropIns},
	)
	if err := r.read(ctx, name, properties); err != nil {
		return service{}, err
	}
	s.Name, s.Job = name, job.ID
	s.wanted = make(map[string]bool, len(wants))
	for _, unit := range wants {
		s.wanted[unit] = true
	}
	if fragment != "" {
		s.files = append([]string{fragment}, dropIns...)
	}
	return s, nil
}
