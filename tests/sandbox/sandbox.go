// Package sandbox boots a private systemd with its own D-Bus in namespaces, for
// tests that must talk to the real thing. It needs root on Linux.
package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const busSocket = "/run/dbus/system_bus_socket"

// Options says which systemd to boot.
type Options struct {
	// Version is "" or "host" for the host's own systemd, or one of Versions.
	Version string
	// Disk is a directory whose files are copied over those of the tree before the
	// boot, "" if none are.
	// Only /etc/systemd/system is always the sandbox's own.
	Disk string
	// Target is what is booted into, "" if it is as little as possible.
	Target string
}

// Sandbox is a booted systemd. Its methods may be used concurrently.
type Sandbox struct {
	machine *machine
	close   func() error
}

// Versions lists what Options.Version may name.
func Versions() []string { return []string{"host", "257", "262"} }

// Boot starts a systemd and returns once it has finished starting up. The
// context bounds the boot only: Close ends the sandbox, and so does the end of
// this process.
func Boot(ctx context.Context, o Options) (*Sandbox, error) {
	if err := checkHost(); err != nil {
		return nil, err
	}
	lower, err := tree(ctx, o.Version)
	if err != nil {
		return nil, err
	}
	m, err := startMachine(ctx, lower, o.Disk, cmp.Or(o.Target, "sandbox.target"))
	if err != nil {
		return nil, err
	}
	s := &Sandbox{machine: m, close: sync.OnceValue(m.stop)}
	if err := s.waitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Start boots a sandbox that lives as long as the test. The journal goes to the
// test's log when the test failed.
func Start(t testing.TB, o Options) *Sandbox {
	t.Helper()
	s, err := Boot(t.Context(), o)
	if err != nil {
		t.Fatalf("sandbox: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			journal, err := s.Journal(ctx)
			t.Logf("journal of the sandbox (error: %v):\n%s", err, journal)
		}
		if err := s.Close(); err != nil {
			t.Errorf("sandbox: %v", err)
		}
	})
	return s
}

// Close kills everything inside and removes what the sandbox left outside.
// Further calls return the first result.
func (s *Sandbox) Close() error { return s.close() }

// PID is the host's process ID of the sandbox's init.
func (s *Sandbox) PID() int { return s.machine.init }

// BusAddress is the D-Bus address of the system bus, for use on the host.
func (s *Sandbox) BusAddress() string { return "unix:path=" + s.Path(busSocket) }

// Command prepares a command that runs inside, as root.
func (s *Sandbox) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	all := append([]string{"-t", strconv.Itoa(s.PID()), "-m", "-p", "-u", "-i", "-C", "-n", "--", name}, args...)
	cmd := exec.CommandContext(ctx, "nsenter", all...)
	cmd.Env = []string{"PATH=" + path, "LANG=C.UTF-8", "TERM=dumb", "HOME=/root", "SYSTEMD_PAGER="}
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// Run runs a command inside and returns its combined output. The error wraps
// the *exec.ExitError and carries the output.
func (s *Sandbox) Run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := s.Command(ctx, name, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, args...), " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), err
}

// Journal returns what journalctl prints with the given arguments.
func (s *Sandbox) Journal(ctx context.Context, args ...string) (string, error) {
	if _, err := s.Run(ctx, "journalctl", "--sync"); err != nil {
		return "", err
	}
	return s.Run(ctx, "journalctl", append([]string{"--no-pager", "--directory=/run/log/journal"}, args...)...)
}

// Path is where the host finds an absolute path of the sandbox. Absolute
// symbolic links on the way resolve in the sandbox's root only from inside.
func (s *Sandbox) Path(inside string) string {
	return filepath.Join("/proc", strconv.Itoa(s.PID()), "root", filepath.Join("/", inside))
}

// WriteFile writes a file inside and makes its parent directories.
func (s *Sandbox) WriteFile(inside string, data []byte, mode fs.FileMode) error {
	p := s.Path(inside)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(p, data, mode); err != nil {
		return err
	}
	return os.Chmod(p, mode)
}

// CopyFile copies a file of the host to a path inside.
func (s *Sandbox) CopyFile(host, inside string, mode fs.FileMode) error {
	data, err := os.ReadFile(host)
	if err != nil {
		return err
	}
	return s.WriteFile(inside, data, mode)
}

// waitReady waits until the manager says over the bus that it has started.
func (s *Sandbox) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		state, err := s.Run(ctx, "busctl", "get-property", "org.freedesktop.systemd1",
			"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "SystemState")
		if strings.Contains(state, `"running"`) || strings.Contains(state, `"degraded"`) {
			return nil
		}
		select {
		case <-s.machine.done:
			return fmt.Errorf("systemd ended while booting: %w: %s", s.machine.exit, s.machine.output.String())
		case <-ctx.Done():
			return fmt.Errorf("systemd is not ready: %w (last state %q, error: %v)", ctx.Err(), strings.TrimSpace(state), err) //nolint:errorlint // it may be nil
		case <-time.After(50 * time.Millisecond):
		}
	}
}
