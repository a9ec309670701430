package activation

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// hangups delivers SIGHUP, which Type=notify-reload sends for systemctl reload
// (systemd.service(5)). A worker started by hand and without hooks keeps the
// signal's own meaning: its terminal is gone.
func (r *run) hangups() (<-chan os.Signal, func()) {
	received := make(chan os.Signal, 1)
	if len(r.Reload) == 0 && !r.supervised {
		return received, func() {}
	}
	signal.Notify(received, syscall.SIGHUP)
	return received, func() { signal.Stop(received) }
}

// reload runs the hooks. A failed one is reported, and the worker goes on with
// what it had: systemd has no word for a reload that failed.
func (r *run) reload(ctx context.Context) {
	r.notify.reloading()
	status := r.state.status()
	for _, hook := range r.Reload {
		if err := hook(ctx); err != nil {
			r.Logger.Error("reload failed", "reason", err)
			status = "reload failed: " + err.Error()
			break
		}
	}
	if err := r.notify.ready(status); err != nil {
		r.Logger.Error("end of the reload", "reason", err)
		return
	}
	r.Logger.Info("reloaded", "status", status)
}
