package sandbox

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const echoSocket = `[Socket]
ListenStream=127.0.0.1:7777
Accept=yes
`

const echoService = `[Service]
ExecStart=/bin/cat
StandardInput=socket
`

func TestSandbox(t *testing.T) {
	for _, version := range Versions() {
		t.Run(version, func(t *testing.T) { testVersion(t, version) })
	}
}

func testVersion(t *testing.T, version string) {
	ctx := t.Context()
	s := Start(t, Options{Version: version})

	out, err := s.Run(ctx, "systemctl", "is-active", "dbus.socket")
	if err != nil || strings.TrimSpace(out) != "active" {
		t.Fatalf("dbus.socket: %q, %v", out, err)
	}
	if out, err := s.Run(ctx, "systemctl", "list-units", "--failed", "--plain", "--no-legend"); err != nil || out != "" {
		t.Errorf("failed units: %q, %v", out, err)
	}
	out, err = s.Run(ctx, "systemctl", "--version")
	if err != nil || version != "host" && !strings.HasPrefix(out, "systemd "+version+" ") {
		t.Errorf("version: %q, %v", out, err)
	}
	var exit *exec.ExitError
	if _, err := s.Run(ctx, "sh", "-c", "echo reason; exit 3"); !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.Contains(err.Error(), "reason") {
		t.Errorf("error of a failed command: %v", err)
	}
	if _, err := os.Stat(strings.TrimPrefix(s.BusAddress(), "unix:path=")); err != nil {
		t.Error(err)
	}

	testDial(t, s)

	if journal, err := s.Journal(ctx, "-u", "echo.socket"); err != nil || !strings.Contains(journal, "echo.socket") {
		t.Errorf("journal: %q, %v", journal, err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if err := syscall.Kill(s.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("init after close: %v", err)
	}
	for _, left := range []string{s.machine.dir, s.machine.cgroup} {
		if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", left, err)
		}
	}
}

func testDial(t *testing.T, s *Sandbox) {
	if err := s.WriteFile("/etc/systemd/system/echo@.service", []byte(echoService), 0o644); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "echo.socket")
	if err := os.WriteFile(unit, []byte(echoSocket), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.CopyFile(unit, "/etc/systemd/system/echo.socket", 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"daemon-reload"}, {"start", "echo.socket"}} {
		if _, err := s.Run(t.Context(), "systemctl", args...); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := s.Dial(t.Context(), "tcp", "127.0.0.1:7777")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
		t.Errorf("echo: %q, %v", got, err)
	}
}
