package activation

import (
	"context"
	"math"
	"os"
	"strconv"
	"time"
)

// readWatchdog returns the period of WatchdogSec=, or 0 if there is none or it is
// meant for another process (sd_watchdog_enabled(3)).
func readWatchdog(lookup func(string) (string, bool), pid int) (time.Duration, error) {
	value, ok := lookup("WATCHDOG_USEC")
	if !ok {
		return 0, nil
	}
	if guarded, ok := lookup("WATCHDOG_PID"); ok {
		number, err := strconv.Atoi(guarded)
		if err != nil || number < 1 {
			return 0, &EnvironmentError{"WATCHDOG_PID", guarded, "the number of a process"}
		}
		if number != pid {
			return 0, nil
		}
	}
	period, err := strconv.ParseInt(value, 10, 64)
	if err != nil || period < 1 || period > math.MaxInt64/int64(time.Microsecond) {
		return 0, &EnvironmentError{"WATCHDOG_USEC", value, "a number of microseconds, at least 1"}
	}
	return time.Duration(period) * time.Microsecond, nil
}

// takeWatchdog also clears the variables for the children.
func takeWatchdog() (time.Duration, error) {
	defer func() {
		os.Unsetenv("WATCHDOG_USEC")
		os.Unsetenv("WATCHDOG_PID")
	}()
	return readWatchdog(os.LookupEnv, os.Getpid())
}

// feed sends WATCHDOG=1 for as long as the liveness check passes in time, so
// that systemd restarts a worker that hangs (systemd.service(5)). It asks twice
// in each period, as sd_watchdog_enabled(3) recommends, and gives the check a
// quarter of it: between two that pass there is always less than a period. The
// feeding goes on in a drain, and ends with ctx.
func (r *run) feed(ctx context.Context) {
	if r.watchdog == 0 {
		return
	}
	ticker := time.NewTicker(max(r.watchdog/2, 1))
	defer ticker.Stop()
	limit := r.watchdog / 4
	alive := liveness{check: r.alive(limit)}
	for ill := false; ; {
		err := alive.ask(ctx, limit)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.Logger.Error("watchdog not fed", "reason", err)
			r.notify.status("not alive: %s", err)
		} else {
			r.notify.alive()
			if ill {
				r.Logger.Info("alive again")
				r.notify.status("%s", r.state.status())
			}
		}
		ill = err != nil
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
