package sandbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Dial connects from inside the sandbox's network. An absolute path of a unix
// socket is one of the sandbox's.
func (s *Sandbox) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if strings.HasPrefix(network, "unix") && strings.HasPrefix(address, "/") {
		address = s.Path(address)
	}
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result, 1)
	go func() {
		conn, err := dialIn(ctx, s.PID(), network, address)
		results <- result{conn, err}
	}()
	r := <-results
	return r.conn, r.err
}

// dialIn dials on a thread that visits the network namespace of pid. It must
// run in a goroutine of its own: a thread that cannot come back stays locked
// and ends with it.
func dialIn(ctx context.Context, pid int, network, address string) (net.Conn, error) {
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.Close()
	there, err := os.Open("/proc/" + strconv.Itoa(pid) + "/ns/net")
	if err != nil {
		return nil, err
	}
	defer there.Close()

	runtime.LockOSThread()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("enter the network of the sandbox: %w", err)
	}
	// Without a fallback the dialer makes its sockets on this thread.
	dialer := net.Dialer{FallbackDelay: -1}
	conn, err := dialer.DialContext(ctx, network, address)
	if backErr := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); backErr == nil {
		runtime.UnlockOSThread()
	}
	return conn, err
}
