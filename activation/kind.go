package activation

import (
	"fmt"
	"os"
	"syscall"
)

// Kind is what a descriptor is, in words for people.
type Kind string

const (
	StreamListener    Kind = "stream listener"
	UnixListener      Kind = "Unix stream listener"
	DatagramSocket    Kind = "datagram socket"
	SeqpacketListener Kind = "seqpacket listener"
	StreamSocket      Kind = "connected stream socket"
	OtherSocket       Kind = "socket of another type"
	RegularFile       Kind = "regular file"
	OtherFile         Kind = "file that is no socket"
)

func kindOf(file *os.File) (Kind, error) {
	control, err := file.SyscallConn()
	if err != nil {
		return "", fmt.Errorf("descriptor %q: %w", file.Name(), err)
	}
	var kind Kind
	var statErr error
	err = control.Control(func(fd uintptr) { kind, statErr = kindOfDescriptor(int(fd)) })
	if err == nil {
		err = statErr
	}
	if err != nil {
		return "", fmt.Errorf("descriptor %q: %w", file.Name(), err)
	}
	return kind, nil
}

func kindOfDescriptor(fd int) (Kind, error) {
	var status syscall.Stat_t
	if err := syscall.Fstat(fd, &status); err != nil {
		return "", os.NewSyscallError("fstat", err)
	}
	switch status.Mode & syscall.S_IFMT {
	case syscall.S_IFSOCK:
		return kindOfSocket(fd)
	case syscall.S_IFREG:
		return RegularFile, nil
	default:
		return OtherFile, nil
	}
}

func kindOfSocket(fd int) (Kind, error) {
	socketType, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE)
	if err != nil {
		return "", os.NewSyscallError("getsockopt", err)
	}
	listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err != nil {
		return "", os.NewSyscallError("getsockopt", err)
	}
	domain, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_DOMAIN)
	if err != nil {
		return "", os.NewSyscallError("getsockopt", err)
	}
	switch {
	case socketType == syscall.SOCK_DGRAM:
		return DatagramSocket, nil
	case socketType == syscall.SOCK_SEQPACKET:
		return SeqpacketListener, nil
	case socketType != syscall.SOCK_STREAM:
		return OtherSocket, nil
	case listening == 0:
		return StreamSocket, nil
	case domain == syscall.AF_UNIX:
		return UnixListener, nil
	default:
		return StreamListener, nil
	}
}
