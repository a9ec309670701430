package activation

import (
	"errors"
	"log/slog"
	"net"
	"os"
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

// acceptWaiting takes a connection that waits in the listener's queue, and
// returns nil if there is none. Accept can't: it asks the kernel only while its
// deadline is to come.
func acceptWaiting(listener net.Listener) (net.Conn, error) {
	socket, ok := listener.(syscall.Conn)
	if !ok {
		return nil, nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	accepted := -1
	var acceptErr error
	err = raw.Control(func(fd uintptr) { accepted, acceptErr = acceptNow(int(fd)) })
	switch {
	case err != nil:
		return nil, err
	case errors.Is(acceptErr, syscall.EAGAIN):
		return nil, nil
	case acceptErr != nil:
		return nil, os.NewSyscallError("accept4", acceptErr)
	}
	file := os.NewFile(uintptr(accepted), "accepted")
	defer file.Close()
	return net.FileConn(file)
}

// acceptNow passes over clients that are gone already.
func acceptNow(listener int) (int, error) {
	for {
		accepted, _, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if !errors.Is(err, syscall.EINTR) && !errors.Is(err, syscall.ECONNABORTED) {
			return accepted, err
		}
	}
}
