package activation

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Each case is a real child in an environment that should not be. None may
// panic, and none may become ready in silence.
func TestRun_HostileEnvironment(t *testing.T) {
	long := "/tmp/" + strings.Repeat("n", 200)
	tests := []struct {
		name string
		env  []string
		want string
	}{
		{"notify socket gone", []string{"NOTIFY_SOCKET=/nowhere/notify"}, "notify systemd of READY=1: dial unixgram /nowhere/notify: connect: no such file or directory"},
		{"notify socket with a long path", []string{"NOTIFY_SOCKET=" + long}, "notify systemd of READY=1: dial unixgram " + long + ": connect: invalid argument"},
		{"notify socket of nobody, abstract", []string{"NOTIFY_SOCKET=@nobody/listens"}, "notify systemd of READY=1: dial unixgram @nobody/listens: connect: connection refused"},
		{"notify socket that is a file", []string{"NOTIFY_SOCKET=/etc/passwd"}, "notify systemd of READY=1: dial unixgram /etc/passwd: connect: connection refused"},
		{"watchdog garbage", []string{"WATCHDOG_USEC=soon"}, `WATCHDOG_USEC="soon": wanted a number of microseconds, at least 1`},
		{"watchdog of no process", []string{"WATCHDOG_USEC=1", "WATCHDOG_PID=-1"}, `WATCHDOG_PID="-1": wanted the number of a process`},
		{"LISTEN_PID of another", []string{"LISTEN_PID=1"}, `LISTEN_PID="1": wanted `},
		{"LISTEN_PID missing", []string{"LISTEN_PID= "}, `LISTEN_PID=" ": wanted `},
		{"LISTEN_FDS absurd", []string{"LISTEN_FDS=2147483647"}, `LISTEN_FDS="2147483647": wanted 2, as descriptor 5 was not passed`},
		{"LISTEN_FDS beyond any number", []string{"LISTEN_FDS=99999999999999999999"}, `LISTEN_FDS="99999999999999999999": wanted a number of descriptors, at least 1`},
		{"LISTEN_FDS of none", []string{"LISTEN_FDS=0"}, `LISTEN_FDS="0": wanted a number of descriptors, at least 1`},
		{"descriptor that was closed", []string{"CLOSE=3"}, `LISTEN_FDS="2": wanted 0, as descriptor 3 was not passed`},
		{"notify socket of an unknown kind", []string{"NOTIFY_SOCKET=vsock:2:1"}, "notify systemd of READY=1: dial unixgram vsock:2:1: connect: no such file or directory"},
		{"LISTEN_PID garbage", []string{"LISTEN_PID=me"}, `LISTEN_PID="me": wanted `},
		{"LISTEN_FDS garbage", []string{"LISTEN_FDS=0x2"}, `LISTEN_FDS="0x2": wanted a number of descriptors, at least 1`},
		{"descriptor that was not passed", []string{"LISTEN_FDS=3", "LISTEN_FDNAMES=http:admin:more"}, `LISTEN_FDS="3": wanted 2, as descriptor 5 was not passed`},
		{"names with a wrong count", []string{"LISTEN_FDNAMES=http"}, `LISTEN_FDNAMES="http": wanted 2 names, one for each of LISTEN_FDS`},
		{"names that are empty", []string{"LISTEN_FDNAMES=:"}, `socket "http": wanted a descriptor of that name, got "", ""`},
		{"names that are swapped", []string{"LISTEN_FDNAMES=admin:http"}, `socket "admin": wanted a Unix stream listener, got a stream listener`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			worker := newManager(t).start("serve", test.env...)
			code, log := worker.wait()
			if code != 1 || !strings.Contains(log, test.want) || strings.Contains(log, "goroutine ") {
				t.Errorf("wanted exit 1 and %s, got %d\n%s", test.want, code, log)
			}
		})
	}
}

// What has the name of the listener, and is something else, is never served.
func TestRun_WrongDescriptor(t *testing.T) {
	file, err := os.Open("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	directory, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer directory.Close()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	connected, err := net.Dial("tcp", newManager(t).address())
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	for got, descriptor := range map[string]syscall.Conn{
		"regular file": file, "file that is no socket": directory,
		"datagram socket": packets.(syscall.Conn), "connected stream socket": connected.(syscall.Conn),
	} {
		t.Run(got, func(t *testing.T) {
			systemd := newManager(t)
			systemd.pass("http", descriptor)
			worker := systemd.start("serve", "LISTEN_FDNAMES=other:admin:http")
			want := `socket "http": wanted a stream listener, got a ` + got
			code, log := worker.wait()
			if code != 1 || !strings.Contains(log, want) || strings.Contains(log, "goroutine ") {
				t.Errorf("wanted exit 1 and %s, got %d\n%s", want, code, log)
			}
		})
	}
}

// An abstract notify socket is systemd's in some containers.
func TestNotify_AbstractSocket(t *testing.T) {
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "@" + filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	t.Setenv("NOTIFY_SOCKET", systemd.LocalAddr().String())
	if err := (notifier{}).ready("serving"); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 100)
	n, err := systemd.Read(message)
	if got := string(message[:n]); err != nil || got != "READY=1\nSTATUS=serving" {
		t.Errorf("wanted READY=1, got %q, %v", got, err)
	}
}

// Whatever the environment says: no panic, and never more names than were passed.
func FuzzReadHandover(f *testing.F) {
	f.Add("100", "2", "http:admin", true, uint8(2))
	f.Add("100", "-1", "", true, uint8(1))
	f.Add("99", "1", "http", true, uint8(1))
	f.Add("100", "99999999999999999999", ":::", true, uint8(0))
	f.Add("100", "2147483647", "", false, uint8(255))
	f.Fuzz(func(t *testing.T, pid, count, names string, named bool, passed uint8) {
		env := map[string]string{"LISTEN_PID": pid, "LISTEN_FDS": count, "WATCHDOG_PID": pid, "WATCHDOG_USEC": count}
		if named {
			env["LISTEN_FDNAMES"] = names
		}
		lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
		isPassed := func(fd int) bool { return fd < firstDescriptor+int(passed) }
		got, err := readHandover(lookup, 100, isPassed)
		if period, err := readWatchdog(lookup, 100); period < 0 || err != nil && period != 0 {
			t.Errorf("watchdog: %s, %v", period, err)
		}
		if err != nil {
			if got.supervised || len(got.names) > 0 {
				t.Errorf("with an error: wanted nothing, got %+v", got)
			}
			return
		}
		number, err := strconv.Atoi(count)
		if err != nil || len(got.names) != number || len(got.names) > int(passed) || pid != "100" {
			t.Errorf("%q of %d for %s: got %q", count, passed, pid, got.names)
		}
		if named && !slices.Equal(got.names, strings.Split(names, ":")) {
			t.Errorf("names %q: got %q", names, got.names)
		}
	})
}
