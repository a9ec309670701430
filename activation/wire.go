package activation

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// wire is the socket of a conn, below its TLS if there is any. Its Read is where
// an idle connection ends, so that TLS never sees our deadline in the past: it
// would not recover from one in its handshake.
type wire struct {
	net.Conn
	above *conn
}

func (w *wire) Read(data []byte) (int, error) {
	for {
		n, err := w.Conn.Read(data)
		if n > 0 {
			w.above.arrived()
			return n, err
		}
		if !w.above.deadline.retiring.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		switch w.above.wokenToRetire() {
		case retireDone:
			return 0, io.EOF
		case retireOff:
			continue
		default:
			return n, err
		}
	}
}

func (w *wire) SetReadDeadline(deadline time.Time) error { return w.above.deadline.set(deadline) }

func (w *wire) SetDeadline(deadline time.Time) error {
	return errors.Join(w.SetReadDeadline(deadline), w.SetWriteDeadline(deadline))
}

// ReadFrom keeps sendfile(2) for net/http.
func (w *wire) ReadFrom(source io.Reader) (int64, error) { return io.Copy(w.Conn, source) }

// CloseWrite keeps net/http's half-close after an unread request body.
func (w *wire) CloseWrite() error {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// hasData looks into the kernel's receive buffer; the end of the stream and an
// error count as data, for net/http to read.
func (w *wire) hasData() bool {
	socket, ok := w.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	empty := false
	err = raw.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		empty = errors.Is(err, syscall.EAGAIN)
	})
	return err == nil && !empty
}
