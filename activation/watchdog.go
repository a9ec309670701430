package activation

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// watch feeds the watchdog, if the unit has WatchdogSec=, for as long as the
// health check passes, so that systemd restarts a worker that hangs
// (systemd.service(5)). It asks twice in each period, as sd_watchdog_enabled(3)
// recommends. The feeding goes on in a drain, and ends with ctx.
func (r *run) watch(ctx context.Context) error {
	period, err := daemon.SdWatchdogEnabled(true)
	if err != nil {
		return fmt.Errorf("watchdog: %w", err)
	}
	if period == 0 {
		return nil
	}
	go r.feed(ctx, period/2)
	return nil
}

func (r *run) feed(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		err := r.checkHealth(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.Logger.Error("watchdog not fed", "reason", err)
			r.notify.status("not healthy: %s", err)
		} else {
			r.notify.alive()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
