package bus

import (
	"sync"

	"github.com/godbus/dbus/v5"
)

// events is what is to be handled, one after the other, in the order in which
// it came. It takes the signals from the reader of the connection, which must
// never wait: replies come the same way, and a handler may wait for one.
//
// What is added after a reply has come is handled after every signal that came
// before the reply.
type events struct {
	handle func(*dbus.Signal)
	added  chan struct{}

	mu      sync.Mutex
	pending []func()
}

func newEvents(handle func(*dbus.Signal)) *events {
	return &events{handle: handle, added: make(chan struct{}, 1)}
}

// DeliverSignal makes it a dbus.SignalHandler. The default one hands signals to
// new goroutines when its reader is slow, and so out of order.
func (e *events) DeliverSignal(_, _ string, signal *dbus.Signal) {
	e.add(func() { e.handle(signal) })
}

func (e *events) add(event func()) {
	e.mu.Lock()
	e.pending = append(e.pending, event)
	e.mu.Unlock()
	hint(e.added)
}

// work handles what has come so far.
func (e *events) work() {
	e.mu.Lock()
	pending := e.pending
	e.pending = nil
	e.mu.Unlock()
	for _, event := range pending {
		event()
	}
}
