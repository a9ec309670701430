package activation

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each case hands real descriptors to a real child, as "http".
func TestInherit_Descriptors(t *testing.T) {
	tests := []struct {
		name string
		file func(*testing.T) *os.File
		env  []string
		want string // of stdout or stderr
	}{
		{
			name: "TCP listener", file: tcpListener,
			env: []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=http"}, want: "1 true [http]",
		},
		{
			name: "Unix listener", file: unixListener,
			env: []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=http"}, want: "1 true [http]",
		},
		{
			name: "another name", file: tcpListener,
			env:  []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"},
			want: `socket "http": wanted a descriptor of that name, got "web"`,
		},
		{
			name: "none under systemd", file: tcpListener,
			env:  []string{"NOTIFY_SOCKET=/run/systemd/notify"},
			want: `socket "http": wanted a descriptor of that name, got none at all`,
		},
		{
			name: "another process", file: tcpListener,
			env:  []string{"LISTEN_PID=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=http"},
			want: `LISTEN_PID="1": wanted `,
		},
		{
			name: "datagram socket", file: datagramSocket,
			env:  []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=http"},
			want: `socket "http": wanted a stream listener, got a datagram socket`,
		},
		{
			name: "connected socket", file: connectedSocket,
			env:  []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=http"},
			want: `socket "http": wanted a stream listener, got a connected stream socket`,
		},
		{
			name: "regular file", file: regularFile,
			env:  []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=http"},
			want: `socket "http": wanted a stream listener, got a regular file`,
		},
		{
			name: "device", file: deviceFile,
			env:  []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=http"},
			want: `socket "http": wanted a stream listener, got a file that is no socket`,
		},
		{
			name: "absurd count", file: tcpListener,
			env:  []string{"LISTEN_FDS=4000", "LISTEN_FDNAMES=http"},
			want: `LISTEN_FDS="4000": wanted `,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := test.file(t)
			defer file.Close()
			output, _ := childCommand("environment", []*os.File{file}, test.env...).CombinedOutput()
			if !strings.Contains(string(output), test.want) {
				t.Errorf("wanted %s, got %s", test.want, output)
			}
		})
	}
}

func tcpListener(t *testing.T) *os.File {
	t.Helper()
	return fileOf(t, newManager(t).socket)
}

func unixListener(t *testing.T) *os.File {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return fileOf(t, listener)
}

func datagramSocket(t *testing.T) *os.File {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return fileOf(t, socket)
}

func connectedSocket(t *testing.T) *os.File {
	t.Helper()
	socket, err := net.Dial("tcp", newManager(t).address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return fileOf(t, socket)
}

func regularFile(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func deviceFile(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func fileOf(t *testing.T, socket any) *os.File {
	t.Helper()
	file, err := socket.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	return file
}
