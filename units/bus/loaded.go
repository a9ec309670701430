package bus

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/clusterctl/clusterctl/units"
)

// Loaded reads what systemd has loaded of services and sockets, by unit name.
func (r *Reader) Loaded(ctx context.Context, names []string) (map[string]units.LoadedUnit, error) {
	read, err := each(names, func(name string) (units.LoadedUnit, error) { return r.loaded(ctx, name) })
	if err != nil {
		return nil, err
	}
	loaded := make(map[string]units.LoadedUnit, len(names))
	for i, name := range names {
		loaded[name] = read[i]
	}
	return loaded, nil
}

func (r *Reader) loaded(ctx context.Context, name string) (units.LoadedUnit, error) {
	var u units.LoadedUnit
	var job jobOfUnit
	var fragment string
	var dropIns []string
	var started, entered uint64
	properties := append(unitProperties(&u.Unit, &job), needDaemonReload(&u.Unit),
		property{unitInterface, "FragmentPath", &fragment},
		property{unitInterface, "DropInPaths", &dropIns},
		property{unitInterface, "ActiveEnterTimestampMonotonic", &entered},
	)
	if strings.HasSuffix(name, ".socket") {
		properties = append(properties, property{unitInterface, "InactiveExitTimestampMonotonic", &started},
			property{socketInterface, "Result", &u.Result})
	} else {
		properties = append(properties, property{serviceInterface, "ExecMainStartTimestampMonotonic", &started},
			property{serviceInterface, "Result", &u.Result})
	}
	if err := r.read(ctx, name, properties); err != nil {
		return units.LoadedUnit{}, err
	}
	u.Name, u.Job = name, job.ID
	if fragment != "" {
		u.Files = append([]string{fragment}, dropIns...)
	}
	u.Started = time.Duration(started) * time.Microsecond
	u.Entered = time.Duration(entered) * time.Microsecond
	return u, nil
}

// LoadedAt is when the manager last read its unit files, by CLOCK_MONOTONIC; 0 if
// that was at its start.
func (r *Reader) LoadedAt(ctx context.Context) (time.Duration, error) {
	var at uint64
	call := r.bus.Object(destination, managerPath).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0,
		managerInterface, "UnitsLoadTimestampMonotonic")
	var value dbus.Variant
	err := call.Store(&value)
	if err == nil {
		err = dbus.Store([]any{value.Value()}, &at)
	}
	if err != nil {
		return 0, fmt.Errorf("read when systemd last read its unit files: %w", r.explain(err))
	}
	return time.Duration(at) * time.Microsecond, nil
}
