package activation

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notifier tells systemd how the worker is (sd_notify(3)). Without systemd it
// does nothing.
type notifier struct{ logger *slog.Logger }

// ready fails if systemd can't be told, as it would wait in vain and then kill us.
func (n notifier) ready(status string) error {
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady+"\nSTATUS="+status); err != nil {
		return fmt.Errorf("notify systemd of READY=1: %w", err)
	}
	return nil
}

func (n notifier) status(format string, values ...any) {
	n.send("STATUS=" + fmt.Sprintf(format, values...))
}

func (n notifier) stopping(limit time.Duration) {
	n.send(daemon.SdNotifyStopping, fmt.Sprintf("STATUS=draining, for at most %s", limit))
}

// reloading has to carry the time, so that systemd can tell which reload it means.
func (n notifier) reloading() {
	n.send(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()), "STATUS=reloading")
}

// extend asks for more time: systemd may kill the worker if it neither ends nor
// extends again within d.
func (n notifier) extend(d time.Duration) {
	n.send(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", d.Microseconds()))
}

func (n notifier) alive() { n.send(daemon.SdNotifyWatchdog) }

func (n notifier) send(states ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(states, "\n")); err != nil {
		n.logger.Warn("systemd was not notified", "states", states, "reason", err)
	}
}
