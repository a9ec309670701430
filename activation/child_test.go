package activation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of a test; no test passes or fails by it otherwise.
const patience = 30 * time.Second

// manager stands for systemd: it owns the listeners and the notify socket, and
// starts workers that inherit them.
type manager struct {
	t      *testing.T
	socket net.Listener
	names  []string       // of further sockets
	others []syscall.Conn // the sockets
}

// pass hands a further socket to the workers started from now on.
func (m *manager) pass(name string, socket syscall.Conn) {
	m.names = append(m.names, name)
	m.others = append(m.others, socket)
}

func newManager(t *testing.T) *manager {
	t.Helper()
	// As systemd does: plain TCP, which all workers accept from.
	config := net.ListenConfig{}
	config.SetMultipathTCP(false)
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return &manager{t: t, socket: listener}
}

func (m *manager) address() string { return m.socket.Addr().String() }

// child is one worker process.
type child struct {
	t       *testing.T
	command *exec.Cmd
	admin   string // path of its admin socket
	notify  *net.UnixConn
	heard   chan string // what it notified
	stderr  bytes.Buffer
	exited  chan error
	stored  chan storedFile // what it put into the store
}

// start runs a scenario with the shared listener as "http" and an admin socket.
func (m *manager) start(scenario string, environment ...string) *child {
	m.t.Helper()
	directory := m.t.TempDir()
	c := &child{
		t:      m.t,
		admin:  filepath.Join(directory, "admin.sock"),
		heard:  make(chan string, 1000),
		exited: make(chan error, 1),
		stored: make(chan storedFile, 100),
	}
	adminListener, err := net.Listen("unix", c.admin)
	if err != nil {
		m.t.Fatal(err)
	}
	notifyPath := filepath.Join(directory, "notify.sock")
	c.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notifyPath, Net: "unixgram"})
	if err != nil {
		m.t.Fatal(err)
	}
	go c.listen()
	names := append([]string{"http", "admin"}, m.names...)
	sockets := append([]syscall.Conn{m.socket.(syscall.Conn), adminListener.(syscall.Conn)}, m.others...)
	var files []*os.File
	for _, socket := range sockets {
		file := inheritable(m.t, socket)
		defer file.Close()
		files = append(files, file)
	}
	c.command = childCommand(scenario, files, append([]string{"LISTEN_FDS=" + strconv.Itoa(len(names)),
		"LISTEN_FDNAMES=" + strings.Join(names, ":"), "NOTIFY_SOCKET=" + notifyPath}, environment...)...)
	c.command.Stderr = &c.stderr
	if err := c.command.Start(); err != nil {
		m.t.Fatal(err)
	}
	go func() { c.exited <- c.command.Wait() }()
	m.t.Cleanup(func() {
		_ = c.command.Process.Kill()
		c.notify.Close()
		adminListener.Close()
	})
	return c
}

// childCommand lets a shell set LISTEN_PID, as only the child knows its number.
func childCommand(scenario string, files []*os.File, environment ...string) *exec.Cmd {
	command := exec.Command("/bin/sh", "-c", `[ -z "$LISTEN_FDS" ] || export LISTEN_PID="${LISTEN_PID:-$$}"; [ -z "$CLOSE" ] || exec 3<&-; exec "$0"`, os.Args[0])
	command.ExtraFiles = files
	command.Env = append(append(os.Environ(), environment...), scenarioVariable+"="+scenario,
		"GORACE=atexit_sleep_ms=0") // the race detector would wait 1 s at each exit
	return command
}

// inheritable duplicates a socket for a child without touching O_NONBLOCK,
// which TCPListener.File and os/exec would clear for all who share it.
func inheritable(t *testing.T, socket syscall.Conn) *os.File {
	t.Helper()
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var duplicate uintptr
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		duplicate, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_DUPFD_CLOEXEC, 0)
	})
	if err != nil || errno != 0 {
		t.Fatal(err, errno)
	}
	return os.NewFile(duplicate, "inherited")
}

func (c *child) listen() {
	buffer, control := make([]byte, 4096), make([]byte, 4096)
	for {
		n, controls, _, _, err := c.notify.ReadMsgUnix(buffer, control)
		if err != nil {
			close(c.heard)
			return
		}
		c.keep(string(buffer[:n]), control[:controls])
		c.heard <- string(buffer[:n])
	}
}

// waitFor returns the first message the child notified that contains state.
func (c *child) waitFor(state string) string {
	c.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case message, ok := <-c.heard:
			if !ok {
				c.t.Fatalf("notify socket closed before %q", state)
			}
			if strings.Contains(message, state) {
				return message
			}
		case err := <-c.exited:
			c.t.Fatalf("worker ended before %q: %v\n%s", state, err, c.stderr.String())
		case <-timeout:
			c.t.Fatalf("no %q in %s", state, patience)
			return ""
		}
	}
}

func (c *child) terminate() {
	c.t.Helper()
	if err := c.command.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
}

// wait returns the child's exit status and what it wrote to stderr.
func (c *child) wait() (int, string) {
	c.t.Helper()
	select {
	case err := <-c.exited:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			c.t.Fatal(err)
		}
		return c.command.ProcessState.ExitCode(), c.stderr.String()
	case <-time.After(patience):
		c.t.Fatalf("worker did not end in %s", patience)
		return 0, ""
	}
}

// tell sends a POST to the child's admin socket.
func (c *child) tell(path string, wantStatus int, wantBody string) {
	c.t.Helper()
	if status, body := c.admit(http.MethodPost, path); status != wantStatus || body != wantBody {
		c.t.Errorf("%s: wanted %d %s, got %d %s", path, wantStatus, wantBody, status, body)
	}
}

// ask sends a GET to the child's admin socket.
func (c *child) ask(path string) (int, string) {
	c.t.Helper()
	return c.admit(http.MethodGet, path)
}

func (c *child) admit(method, path string) (int, string) {
	c.t.Helper()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", c.admin)
		},
	}
	client := http.Client{Transport: transport, Timeout: patience}
	request, err := http.NewRequest(method, "http://admin"+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, strings.TrimSpace(string(body))
}

func (c *child) String() string { return fmt.Sprintf("worker %d", c.command.Process.Pid) }

// waitForStats asks until /stats contains text: the admin socket has no events.
func (c *child) waitForStats(text string) {
	c.t.Helper()
	for limit := time.Now().Add(patience); time.Now().Before(limit); {
		if _, body := c.ask("/stats"); strings.Contains(body, text) {
			return
		}
	}
	c.t.Fatalf("no %s in /stats for %s", text, patience)
}
