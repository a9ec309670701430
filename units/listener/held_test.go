package listener

import (
	"bufio"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// A listener is held by whoever has a descriptor of it, and by a server whose
// children have: the shell gives its own up.
func TestHeld(t *testing.T) {
	open, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	sockets, err := Sockets([]string{open.Addr().String()})
	if err != nil || len(sockets) != 1 {
		t.Fatalf("%+v, %v", sockets, err)
	}
	shell := start(t, open, "sleep infinity & exec 3>&-; echo ready; wait")
	other := start(t, nil, "echo ready; exec sleep infinity")
	for _, tt := range []struct {
		name string
		look func(uint32) (map[uint64]bool, error)
		pid  uint32
		held bool
	}{
		{"this process", Held, uint32(os.Getpid()), true},
		{"a process without it", HeldByTree, other, false},
		{"the shell that gave it up", Held, shell, false},
		{"the shell and its children", HeldByTree, shell, true},
	} {
		inodes, err := tt.look(tt.pid)
		if err != nil || inodes[sockets[0].Inode] != tt.held {
			t.Errorf("%s: holds %v, %v", tt.name, inodes, err)
		}
	}
	const none = 1 << 30 // above the highest pid
	if _, err := HeldByTree(none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a process that is gone: %v", err)
	}
}

// start runs a shell script, with a listener as descriptor 3 if there is one,
// until it has said a line, and returns its pid.
func start(t *testing.T, listener net.Listener, script string) uint32 {
	t.Helper()
	shell := exec.Command("sh", "-c", script)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if listener != nil {
		file, err := listener.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		shell.ExtraFiles = []*os.File{file}
	}
	out, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL)
		_ = shell.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return uint32(shell.Process.Pid)
}
