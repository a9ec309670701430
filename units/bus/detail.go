package bus

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/units"
)

// ServiceDetail is how a service is set up.
func (r *Reader) ServiceDetail(ctx context.Context, name string) (units.ServiceDetail, error) {
	var d units.ServiceDetail
	var job jobOfUnit
	var startLimit, watchdog, timeoutStart, timeoutStop uint64
	err := r.read(ctx, name, append(detailProperties(&d.Detail, &job, &startLimit),
		property{serviceInterface, "Result", &d.Result},
		property{serviceInterface, "Type", &d.Type},
		property{serviceInterface, "NonBlocking", &d.NonBlocking},
		property{serviceInterface, "WatchdogUSec", &watchdog},
		property{serviceInterface, "TimeoutStartUSec", &timeoutStart},
		property{serviceInterface, "TimeoutStopUSec", &timeoutStop},
		property{serviceInterface, "MainPID", &d.MainPID},
	))
	d.Name, d.Job = name, job.ID
	d.StartLimitInterval, d.TimeoutStart, d.TimeoutStop = span(startLimit), span(timeoutStart), span(timeoutStop)
	if watchdog != math.MaxUint64 { // which is none too
		d.Watchdog = span(watchdog)
	}
	return d, err
}

// SocketDetail is how a socket unit is set up.
func (r *Reader) SocketDetail(ctx context.Context, name string) (units.SocketDetail, error) {
	var d units.SocketDetail
	var job jobOfUnit
	var startLimit, triggerLimit uint64
	var listen []struct{ Type, Address string }
	err := r.read(ctx, name, append(detailProperties(&d.Detail, &job, &startLimit),
		property{socketInterface, "Result", &d.Result},
		property{socketInterface, "TriggerLimitIntervalUSec", &triggerLimit},
		property{socketInterface, "Backlog", &d.Backlog},
		property{socketInterface, "Listen", &listen},
	))
	d.Name, d.Job = name, job.ID
	d.StartLimitInterval, d.TriggerLimitInterval = span(startLimit), span(triggerLimit)
	for _, l := range listen {
		if l.Type == "Stream" || l.Type == "SequentialPacket" {
			d.Streams = append(d.Streams, l.Address)
		}
	}
	return d, err
}

// UnitFiles are the unit file and the drop-ins of a unit alone.
func (r *Reader) UnitFiles(ctx context.Context, name string) (fragment string, dropIns []string, err error) {
	err = r.read(ctx, name, []property{
		{unitInterface, "FragmentPath", &fragment},
		{unitInterface, "DropInPaths", &dropIns},
	})
	return fragment, dropIns, err
}

func detailProperties(d *units.Detail, job *jobOfUnit, startLimit *uint64) []property {
	return append(unitProperties(&d.Unit, job), needDaemonReload(&d.Unit),
		property{unitInterface, "FragmentPath", &d.FragmentPath},
		property{unitInterface, "DropInPaths", &d.DropInPaths},
		property{unitInterface, "UnitFileState", &d.UnitFileState},
		property{unitInterface, "StartLimitIntervalUSec", startLimit},
	)
}

// span is a time of systemd's, in which the highest number is none.
func span(microseconds uint64) time.Duration {
	if microseconds > uint64(units.NoLimit/time.Microsecond) {
		return units.NoLimit
	}
	return time.Duration(microseconds) * time.Microsecond
}

// Version is that of systemd, such as 252.
func (r *Reader) Version(ctx context.Context) (int, error) {
	var text string // "252.39-1~deb12u1", "v257.9", "262~rc1-1"
	err := r.bus.Object(destination, managerPath).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0,
		managerInterface, "Version").Store(&text)
	if err != nil {
		return 0, fmt.Errorf("read the version of systemd: %w", r.explain(err))
	}
	return versionOf(text)
}

func versionOf(text string) (int, error) {
	digits := strings.TrimPrefix(text, "v")
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	version, err := strconv.Atoi(digits)
	if err != nil {
		return 0, fmt.Errorf("the version of systemd is %q, wanted a number first", text)
	}
	return version, nil
}
