package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/clusterctl/clusterctl/units/rollout"
)

// The signals by which an engine hears a request: SIGRTMIN+1 to +3 of the C
// library (signal(7)). Who may send them, polkit decides: systemctl kill is
// under org.freedesktop.systemd1.manage-units.
var requestSignals = map[rollout.RequestVerb]syscall.Signal{
	rollout.Pause:  35,
	rollout.Resume: 36,
	rollout.Abort:  37,
}

// listen turns the signals into entries of the journal, until the context ends.
func listen(ctx context.Context) <-chan rollout.Entry {
	signals := make(chan os.Signal, len(requestSignals))
	for _, number := range requestSignals {
		signal.Notify(signals, number)
	}
	requests := make(chan rollout.Entry)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case heard := <-signals:
				for verb, number := range requestSignals {
					if heard != number {
						continue
					}
					select {
					case requests <- rollout.Entry{Kind: rollout.KindRequest, Time: time.Now(), Request: verb}:
					case <-ctx.Done():
						return
					}
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return requests
}
