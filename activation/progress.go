package activation

import (
	"encoding/binary"
	"net"
	"syscall"
	"unsafe"
)

// mover is a Service that knows how many bytes its clients and it have
// exchanged on the connections that are open.
type mover interface{ moved() uint64 }

// moved shows that an upload or a download gets on, which ends no request for
// long.
func (r *run) moved() uint64 {
	var sum uint64
	for _, service := range r.Services {
		if m, ok := service.(mover); ok {
			sum += m.moved()
		}
	}
	return sum
}

func (h *HTTP) moved() uint64 {
	var sum uint64
	for _, c := range h.connections.list() {
		sum += movedOn(c.wire.Conn)
	}
	return sum
}

func (s *Stream) moved() uint64 { return s.conns.moved() }
func (s *Server) moved() uint64 { return s.conns.moved() }

func (s *heldConns) moved() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum uint64
	for c := range s.open {
		sum += movedOn(c.Conn)
	}
	return sum
}

// Where the kernel counts bytes in struct tcp_info (linux/tcp.h), since 4.2.
const (
	bytesAcked    = 120
	bytesReceived = 128
	sizeOfTCPInfo = 136
)

// movedOn asks the kernel, so that nothing has to be counted for each request. It
// is 0 for a Unix socket, which the kernel does not count for.
func movedOn(socket net.Conn) uint64 {
	conn, ok := socket.(*net.TCPConn)
	if !ok {
		return 0
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	var info [sizeOfTCPInfo]byte
	size := uint32(sizeOfTCPInfo)
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, syscall.IPPROTO_TCP, syscall.TCP_INFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if err != nil || errno != 0 || size < sizeOfTCPInfo {
		return 0
	}
	return binary.NativeEndian.Uint64(info[bytesAcked:]) + binary.NativeEndian.Uint64(info[bytesReceived:])
}
