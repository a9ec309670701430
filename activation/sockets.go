package activation

import (
	"fmt"
	"net"
	"os"
	"slices"
	"sync"

	systemd "github.com/coreos/go-systemd/v22/activation"
)

// Sockets are the descriptors that systemd passed, to be taken by name. A
// service takes its own in Open.
type Sockets struct {
	supervised bool
	names      []string
	mu         sync.Mutex
	files      map[string][]*os.File // not yet taken
}

// inherit may run once in a process: the descriptors are the process's own.
var inherit = sync.OnceValues(func() (*Sockets, error) {
	defer clearHandover()
	given, err := readHandover(os.LookupEnv, os.Getpid(), isPassed)
	if err != nil {
		return nil, err
	}
	sockets := &Sockets{supervised: given.supervised, names: given.names, files: map[string][]*os.File{}}
	for i, file := range systemd.Files(true) {
		sockets.files[given.names[i]] = append(sockets.files[given.names[i]], file)
	}
	return sockets, nil
})

// Inherit returns the sockets that systemd passed to this process, and clears
// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES for its children; the descriptors
// are close-on-exec. A second call returns the same. The error is an
// *EnvironmentError (sd_listen_fds(3)).
func Inherit() (*Sockets, error) { return inherit() }

// Given makes Sockets of files that came in some other way, for tests; each is
// named as its File is. They are closed by whoever takes them.
func Given(files ...*os.File) *Sockets {
	sockets := &Sockets{supervised: true, files: map[string][]*os.File{}}
	for _, file := range files {
		sockets.names = append(sockets.names, file.Name())
		sockets.files[file.Name()] = append(sockets.files[file.Name()], file)
	}
	return sockets
}

// Supervised tells whether a service manager started this process. If not, it
// was started by hand, and services use their development addresses.
func (s *Sockets) Supervised() bool { return s.supervised }

// Names returns the names of the sockets that came, in the order of their
// descriptors.
func (s *Sockets) Names() []string {
	return slices.DeleteFunc(slices.Clone(s.names), isStored)
}

// Listeners takes the stream (or seqpacket) listeners of a name. The caller closes them; that
// leaves the socket open in systemd and the other workers. The error is a
// *MissingSocketError or a *WrongKindError.
func (s *Sockets) Listeners(name string) ([]net.Listener, error) {
	files := s.takeSocket(name)
	if len(files) == 0 {
		return nil, &MissingSocketError{Wanted: name, Got: s.Names()}
	}
	defer closeFiles(files)
	var listeners []net.Listener
	for _, file := range files {
		listener, err := listenerOf(name, file)
		if err != nil {
			closeListeners(listeners)
			return nil, err
		}
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

// PacketConns takes the datagram sockets of a name; otherwise as Listeners.
func (s *Sockets) PacketConns(name string) ([]net.PacketConn, error) {
	files := s.takeSocket(name)
	if len(files) == 0 {
		return nil, &MissingSocketError{Wanted: name, Got: s.Names()}
	}
	defer closeFiles(files)
	var sockets []net.PacketConn
	for _, file := range files {
		socket, err := packetConnOf(name, file)
		if err != nil {
			for _, opened := range sockets {
				opened.Close()
			}
			return nil, err
		}
		sockets = append(sockets, socket)
	}
	return sockets, nil
}

// takeSocket is take for sockets alone: what was stored is none.
func (s *Sockets) takeSocket(name string) []*os.File {
	if isStored(name) {
		return nil
	}
	return s.take(name)
}

// take removes all descriptors of a name, so that none is given out twice.
func (s *Sockets) take(name string) []*os.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := s.files[name]
	delete(s.files, name)
	return files
}

// closeUnused closes what no service took, and returns the names.
func (s *Sockets) closeUnused() []string {
	var unused []string
	for _, name := range s.names {
		if files := s.take(name); len(files) > 0 {
			closeFiles(files)
			unused = append(unused, name)
		}
	}
	return unused
}

// listenerOf duplicates the descriptor; the file stays the caller's. It never
// changes O_NONBLOCK to off: the flag is shared with all other workers.
func listenerOf(name string, file *os.File) (net.Listener, error) {
	kind, err := kindOf(file)
	if err != nil {
		return nil, err
	}
	if kind != StreamListener && kind != UnixListener && kind != SeqpacketListener {
		return nil, &WrongKindError{Name: name, Wanted: StreamListener, Got: kind}
	}
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("socket %q: %w", name, err)
	}
	return listener, nil
}

func packetConnOf(name string, file *os.File) (net.PacketConn, error) {
	kind, err := kindOf(file)
	if err != nil {
		return nil, err
	}
	if kind != DatagramSocket {
		return nil, &WrongKindError{Name: name, Wanted: DatagramSocket, Got: kind}
	}
	socket, err := net.FilePacketConn(file)
	if err != nil {
		return nil, fmt.Errorf("socket %q: %w", name, err)
	}
	return socket, nil
}

func closeFiles(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

func closeListeners(listeners []net.Listener) {
	for _, listener := range listeners {
		listener.Close()
	}
}
