package worker

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds every wait; nothing passes or fails by it otherwise.
const patience = 30 * time.Second

// process is one running worker.
type process struct {
	t       *testing.T
	command *exec.Cmd
	admin   string        // path of its own socket
	notify  string        // path of its notify socket
	ready   chan struct{} // closed at READY=1
	mu      sync.Mutex
	heard   []string // what it notified, in order
	exited  chan struct{}
	stderr  bytes.Buffer // to be read when it has exited
}

// socket is a listener to pass on under a name.
type socket struct {
	name     string
	listener syscall.Conn
}

// spawn starts a worker as systemd does: with the shared listener and a socket
// of its own.
func spawn(t *testing.T, program program, instance string, shared *net.TCPListener) *process {
	t.Helper()
	admin := listenAdmin(t)
	p := spawnWith(t, program, instance, socket{"http", shared}, socket{"admin", admin})
	p.admin = admin.Addr().String()
	return p
}

func spawnWith(t *testing.T, program program, instance string, sockets ...socket) *process {
	t.Helper()
	p := &process{t: t, ready: make(chan struct{}), exited: make(chan struct{})}
	// Only the child knows its number for LISTEN_PID; exec keeps it.
	shell := []string{"-c", `[ -z "$LISTEN_FDS" ] || export LISTEN_PID="${LISTEN_PID:-$$}"; exec "$0" "$@"`, program.find(t)}
	p.command = exec.Command("/bin/sh", append(shell, program.arguments...)...)
	p.command.Stderr = &p.stderr
	p.notify = p.listenForReady()
	p.command.Env = append(os.Environ(), "NOTIFY_SOCKET="+p.notify, "WORKER_INSTANCE="+instance, "WORKER_RELEASE=r1")
	var names []string
	for _, socket := range sockets {
		file := inheritable(t, socket.listener)
		defer file.Close()
		p.command.ExtraFiles = append(p.command.ExtraFiles, file)
		names = append(names, socket.name)
	}
	p.command.Env = append(p.command.Env, program.environment...)
	if len(names) > 0 {
		p.command.Env = append(p.command.Env, "LISTEN_FDS="+strconv.Itoa(len(names)), "LISTEN_FDNAMES="+strings.Join(names, ":"))
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.command.Wait() // its status is in ProcessState
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended
		p.wait()
	})
	return p
}

func (p *process) listenForReady() (path string) {
	p.t.Helper()
	path = filepath.Join(p.t.TempDir(), "notify.sock")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		p.t.Fatal(err)
	}
	closeReady := sync.OnceFunc(func() { close(p.ready) })
	var listening sync.WaitGroup
	listening.Go(func() {
		message := make([]byte, 4096)
		for {
			n, err := conn.Read(message)
			if err != nil {
				return
			}
			lines := strings.Split(strings.TrimSpace(string(message[:n])), "\n")
			p.mu.Lock()
			p.heard = append(p.heard, lines...)
			p.mu.Unlock()
			if slices.Contains(lines, "READY=1") {
				closeReady()
			}
		}
	})
	p.t.Cleanup(func() {
		conn.Close()
		listening.Wait()
	})
	return path
}

// waitReady waits for READY=1 and an answer of the worker itself, as a rollout
// does: gunicorn says READY=1 before it forks the process that serves, and a
// SIGTERM in between is lost to that one.
func (p *process) waitReady() {
	p.t.Helper()
	select {
	case <-p.ready:
		if p.admin != "" {
			get(p.t, "unix", p.admin, "/healthz")
		}
	case <-p.exited:
		p.t.Fatalf("worker ended before READY=1: %s\n%s", p.command.ProcessState, &p.stderr)
	case <-time.After(patience):
		p.t.Fatalf("no READY=1 in %s", patience)
	}
}

// wait returns the exit status; a worker that hangs is killed.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = p.command.Process.Kill()
		<-p.exited
		p.t.Errorf("worker did not end in %s\n%s", patience, &p.stderr)
	}
	return p.command.ProcessState.ExitCode()
}

// drain sends SIGTERM and waits for a good end.
func (p *process) drain() {
	p.t.Helper()
	p.terminate()
	p.expectEnd()
}

// inheritable duplicates a socket without touching O_NONBLOCK, which
// TCPListener.File would clear for all workers that share it.
func inheritable(t *testing.T, socket syscall.Conn) *os.File {
	t.Helper()
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var duplicate int
	var failed error
	err = raw.Control(func(fd uintptr) { duplicate, failed = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return os.NewFile(uintptr(duplicate), "inherited")
}

func (p *process) terminate() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) expectEnd() {
	p.t.Helper()
	if status := p.wait(); status != 0 {
		p.t.Errorf("exit status %d after SIGTERM, wanted 0\n%s", status, &p.stderr)
	}
}

// waitInFlight returns when the worker works on a request.
func (p *process) waitInFlight() {
	p.t.Helper()
	eventually(p.t, "a request is in flight", func() bool { return p.stats().Services["http"]["in_flight"] == 1 })
}

// mark notifies in the worker's place: what the worker has sent before stands
// before it.
func (p *process) mark() {
	p.t.Helper()
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: p.notify, Net: "unixgram"})
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("MARK=1")); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) notified() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

func (p *process) index(line string) int { return slices.Index(p.notified(), line) }

func (p *process) count(line string) int {
	n := 0
	for _, heard := range p.notified() {
		if heard == line {
			n++
		}
	}
	return n
}

func (p *process) waitFor(line string) {
	p.t.Helper()
	eventually(p.t, "the worker says "+line, func() bool { return p.index(line) >= 0 })
}
