package activation

import (
	"errors"
	"log/slog"
	"net"
	"syscall"
	"time"
)

// acceptPause is how long to leave a process that is out of descriptors or
// memory in peace, as net/http does.
const acceptPause = 50 * time.Millisecond

// acceptPatiently waits out what ends by itself (accept(2)).
func acceptPatiently(listener net.Listener, logger *slog.Logger) (net.Conn, error) {
	for {
		accepted, err := listener.Accept()
		if err == nil || !isShortage(err) {
			return accepted, err
		}
		logger.Warn("accept has to wait", "address", listener.Addr().String(), "reason", err)
		time.Sleep(acceptPause)
	}
}

func isShortage(err error) bool {
	for _, errno := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
