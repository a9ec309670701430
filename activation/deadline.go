package activation

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

var longAgo = time.Unix(1, 0)

// readDeadline is the read deadline of a socket, which net/http sets several
// times in each request, and which retire overrides to wake a waiting read. So
// set takes no lock; who retires and restores holds mu.
type readDeadline struct {
	mu       *sync.Mutex
	socket   net.Conn
	wanted   atomic.Int64 // by net/http, in nanoseconds since 1970; 0 is none
	retiring atomic.Bool
}

// set lets ours stand while it is set.
func (d *readDeadline) set(deadline time.Time) error {
	d.wanted.Store(nanoseconds(deadline))
	if d.retiring.Load() {
		return nil // restore comes after, and sees it
	}
	err := d.socket.SetReadDeadline(deadline)
	if d.retiring.Load() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.apply() // retire came between, and must not be undone
	}
	return err
}

func (d *readDeadline) retire() {
	d.retiring.Store(true)
	d.apply()
}

func (d *readDeadline) restore() {
	if !d.retiring.Load() {
		return
	}
	d.retiring.Store(false)
	d.apply()
}

// apply repeats what a set that came between may have undone.
func (d *readDeadline) apply() {
	if d.retiring.Load() {
		_ = d.socket.SetReadDeadline(longAgo)
		return
	}
	for {
		wanted := d.wanted.Load()
		_ = d.socket.SetReadDeadline(timeOf(wanted))
		if wanted == d.wanted.Load() {
			return
		}
	}
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func timeOf(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds)
}
