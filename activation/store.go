package activation

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// storedPrefix sets stored descriptors apart from listeners in LISTEN_FDNAMES. No
// socket unit may have a FileDescriptorName= that begins so.
const storedPrefix = "stored."

// maxStoredName leaves room for the prefix: systemd allows 255 bytes
// (sd_pid_notify_with_fds(3)).
const maxStoredName = 255 - len(storedPrefix)

// ErrNoStore says that no service manager started this process, so that nothing
// can be kept for the next.
var ErrNoStore = errors.New("file descriptor store: no NOTIFY_SOCKET, as systemd did not start this process")

// StoredNameError is a name that the file descriptor store can't take.
type StoredNameError struct{ Name string }

func (e *StoredNameError) Error() string {
	return fmt.Sprintf("stored name %q: wanted 1 to %d printable ASCII characters without a colon", e.Name, maxStoredName)
}

// Store hands a duplicate of a descriptor to systemd, which passes it to the next
// process of this unit; Sockets.Restore takes it there. Several may have one
// name. The file stays the caller's, and may be closed once Store has returned:
// systemd has it by then.
//
// The unit needs FileDescriptorStoreMax=; without it systemd drops the descriptor
// and nobody is told (systemd.service(5)). It also drops one whose peer hangs up.
// The error is ErrNoStore, a *StoredNameError, or why systemd was not reached.
func Store(ctx context.Context, name string, file *os.File) error {
	if err := checkStoredName(name); err != nil {
		return err
	}
	control, err := file.SyscallConn()
	if err != nil {
		return fmt.Errorf("store %q: %w", name, err)
	}
	var sendErr error
	err = control.Control(func(fd uintptr) {
		sendErr = sendDescriptor("FDSTORE=1\nFDNAME="+storedPrefix+name, int(fd))
	})
	if err := errors.Join(err, sendErr); err != nil {
		return fmt.Errorf("store %q: %w", name, err)
	}
	if err := barrier(ctx); err != nil {
		return fmt.Errorf("store %q: %w", name, err)
	}
	return nil
}

// Unstore has systemd close all that it keeps under a name. A restored descriptor
// stays in the store until then. The errors are those of Store.
func Unstore(ctx context.Context, name string) error {
	if err := checkStoredName(name); err != nil {
		return err
	}
	if err := sendDescriptors("FDSTOREREMOVE=1\nFDNAME="+storedPrefix+name, nil); err != nil {
		return fmt.Errorf("unstore %q: %w", name, err)
	}
	if err := barrier(ctx); err != nil {
		return fmt.Errorf("unstore %q: %w", name, err)
	}
	return nil
}

// Restore takes the descriptors that the process before stored under a name, none
// if there are none. They are close-on-exec, and the caller closes them. Run
// closes those that nobody took before the services opened; systemd keeps its own.
func (s *Sockets) Restore(name string) []*os.File { return s.take(storedPrefix + name) }

func isStored(name string) bool { return strings.HasPrefix(name, storedPrefix) }

func checkStoredName(name string) error {
	outside := func(r rune) bool { return r < ' ' || r > '~' || r == ':' }
	if name == "" || len(name) > maxStoredName || strings.ContainsFunc(name, outside) {
		return &StoredNameError{Name: name}
	}
	return nil
}

// barrier returns when systemd has processed what was sent before: it closes its
// end of a pipe (sd_notify_barrier(3), since 246). A process that ended earlier
// could lose its message, as systemd asks the kernel whose it is.
func barrier(ctx context.Context) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	err = sendDescriptor("BARRIER=1", int(write.Fd()))
	write.Close()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = read.SetReadDeadline(longAgo) })
	defer stop()
	if _, err := read.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("systemd did not take the message: %w", context.Cause(ctx))
	}
	return nil
}

func sendDescriptor(state string, fd int) error {
	return sendDescriptors(state, syscall.UnixRights(fd))
}

// sendDescriptors is daemon.SdNotify with SCM_RIGHTS (unix(7)).
func sendDescriptors(state string, rights []byte) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return ErrNoStore
	}
	manager, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer manager.Close()
	raw, err := manager.SyscallConn()
	if err != nil {
		return err
	}
	var sendErr error // WriteMsgUnix refuses a connected datagram socket
	err = raw.Write(func(fd uintptr) (done bool) {
		sendErr = syscall.Sendmsg(int(fd), []byte(state), rights, nil, syscall.MSG_NOSIGNAL)
		return sendErr != syscall.EAGAIN
	})
	return errors.Join(err, os.NewSyscallError("sendmsg", sendErr))
}
