package main

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// idle ends the exporter when nobody has asked for a while. What comes at that
// very moment is either accepted, and then served by the drain, or stays in the
// socket's queue, for which systemd starts the exporter again.
type idle struct {
	after time.Duration // 0 means never
	end   func()

	mu    sync.Mutex
	open  map[net.Conn]bool
	timer *time.Timer
}

func newIdle(after time.Duration, end func()) *idle {
	i := &idle{after: after, end: end, open: make(map[net.Conn]bool)}
	if after > 0 {
		i.timer = time.AfterFunc(after, end)
	}
	return i
}

// follow is the http.Server.ConnState of a server.
func (i *idle) follow(conn net.Conn, state http.ConnState) {
	if i.timer == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	switch state {
	case http.StateNew:
		i.open[conn] = true
		i.timer.Stop()
	case http.StateClosed, http.StateHijacked:
		delete(i.open, conn)
		if len(i.open) == 0 {
			i.timer.Reset(i.after)
		}
	case http.StateActive, http.StateIdle:
	}
}
