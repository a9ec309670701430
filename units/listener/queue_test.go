package listener

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listen opens a socket with a short queue, and connects until it is as wanted.
func listen(t *testing.T, network, address string, backlog, connections int) string {
	t.Helper()
	config := net.ListenConfig{}
	config.SetMultipathTCP(false)
	listener, err := config.Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	raw, err := listener.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		if err := unix.Listen(int(fd), backlog); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for range connections {
		conn, err := net.Dial(network, listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	return listener.Addr().String()
}

func TestQueues(t *testing.T) {
	dir, err := os.MkdirTemp("", "queue") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	addresses := []string{
		listen(t, "tcp4", "127.0.0.1:0", 5, 0),
		listen(t, "tcp4", "127.0.0.1:0", 5, 3),
		listen(t, "tcp6", "[::1]:0", 2, 2),
		listen(t, "unix", filepath.Join(dir, "web.sock"), 4, 1),
		listen(t, "unix", "@clusterctl-queue-test", 1, 1),
		"127.0.0.1:1",
	}
	got, err := Queues(addresses)
	if err != nil {
		t.Fatal(err)
	}
	want := []Queue{
		{addresses[0], 0, 5, 0}, {addresses[1], 3, 5, 0}, {addresses[2], 2, 2, 0}, {addresses[3], 1, 4, 0}, {addresses[4], 1, 1, 0},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
		if full := i == 2 || i == 4; got[i].Full() != full {
			t.Errorf("%+v is full: %v", got[i], got[i].Full())
		}
	}
}

func TestQueues_CountsWhatWasDropped(t *testing.T) {
	const backlog = 1
	address := listen(t, "tcp4", "127.0.0.1:0", backlog, backlog+1) // the kernel takes one more
	dialer := net.Dialer{Timeout: 10 * time.Millisecond}            // the first attempt alone: no room will come
	if conn, err := dialer.Dial("tcp4", address); err == nil {
		conn.Close()
		t.Fatal("a full queue took another connection")
	}
	queues, err := Queues([]string{address})
	if err != nil {
		t.Fatal(err)
	}
	if len(queues) != 1 || queues[0].Dropped == 0 || !queues[0].Full() {
		t.Errorf("got %+v, want a full queue that has dropped", queues)
	}
}

// The kernel is trusted, and the parser all the same reads nothing that is not
// there.
func FuzzMessages(f *testing.F) {
	f.Add(make([]byte, sizeofInetMessage))
	f.Add(append([]byte{1, 1, stateListen, 0}, make([]byte, 40)...))
	f.Fuzz(func(_ *testing.T, message []byte) {
		inetSocket(message)
		unixSocket(message)
	})
}
