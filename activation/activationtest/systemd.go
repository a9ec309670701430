// Package activationtest runs a worker inside a test as systemd would run it:
// with sockets of its own that are named, and a notify socket that is read.
//
// A test of an application, whole:
//
//	func TestHello(t *testing.T) {
//		systemd := activationtest.New(t)
//		address := systemd.Listen("http", "tcp", "127.0.0.1:0")
//		running := systemd.Start(newWorker()) // the activation.Worker of the application
//
//		answer, err := http.Get("http://" + address.String())
//		if err != nil {
//			t.Fatal(err)
//		}
//		answer.Body.Close()
//		if status, body := running.Ask("GET", "/healthz"); status != 200 {
//			t.Errorf("not healthy: %s", body)
//		}
//		if err := running.Stop(); err != nil { // as SIGTERM would
//			t.Error(err)
//		}
//	}
//
// What it hands out is closed, and what it started is stopped, when the test ends.
package activationtest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/clusterctl/clusterctl/activation"
)

// Systemd stands for the service manager. It sets NOTIFY_SOCKET for the test, so
// the test can't be parallel.
type Systemd struct {
	t       testing.TB
	sockets []named
	notify  *net.UnixConn
	heard   chan string
	admin   string
}

type named struct {
	name   string
	socket syscall.Conn
}

// New makes a service manager with an admin socket and no other.
func New(t testing.TB) *Systemd {
	t.Helper()
	directory := t.TempDir()
	s := &Systemd{t: t, heard: make(chan string, 1000), admin: filepath.Join(directory, "admin.sock")}
	address := &net.UnixAddr{Name: filepath.Join(directory, "notify.sock"), Net: "unixgram"}
	var err error
	if s.notify, err = net.ListenUnixgram("unixgram", address); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", address.Name)
	go s.listen()
	t.Cleanup(func() { s.notify.Close() })
	s.Listen(activation.AdminSocket, "unix", s.admin)
	return s
}

// Listen adds a stream listener under a name, and returns its address: Listen
// ("http", "tcp", "127.0.0.1:0").
func (s *Systemd) Listen(name, network, address string) net.Addr {
	s.t.Helper()
	config := net.ListenConfig{}
	config.SetMultipathTCP(false) // as systemd's
	listener, err := config.Listen(s.t.Context(), network, address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { listener.Close() })
	s.sockets = append(s.sockets, named{name, listener.(syscall.Conn)})
	return listener.Addr()
}

// ListenPacket adds a datagram socket under a name, and returns its address.
func (s *Systemd) ListenPacket(name, network, address string) net.Addr {
	s.t.Helper()
	socket, err := (&net.ListenConfig{}).ListenPacket(s.t.Context(), network, address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { socket.Close() })
	s.sockets = append(s.sockets, named{name, socket.(syscall.Conn)})
	return socket.LocalAddr()
}

func (s *Systemd) listen() {
	defer close(s.heard)
	buffer := make([]byte, 4096)
	for {
		n, err := s.notify.Read(buffer)
		if err != nil {
			return
		}
		s.heard <- string(buffer[:n])
	}
}

// given duplicates the sockets, so that one worker can follow another on them.
func (s *Systemd) given() (*activation.Sockets, error) {
	var files []*os.File
	for _, socket := range s.sockets {
		file, err := duplicate(socket)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return activation.Given(files...), nil
}

// duplicate leaves O_NONBLOCK alone, which File of a listener would clear.
func duplicate(socket named) (*os.File, error) {
	raw, err := socket.socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	var copied uintptr
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		copied, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_DUPFD_CLOEXEC, 0)
	})
	if err != nil {
		return nil, err
	}
	if errno != 0 {
		return nil, fmt.Errorf("socket %q: %w", socket.name, errno)
	}
	return os.NewFile(copied, socket.name), nil
}
