package sandbox

import (
	"context"
	"errors"
	"fmt"
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

// bootOnly has this test binary boot a sandbox, say its init and wait to be
// killed.
const bootOnly = "CLUSTERCTL_SANDBOX_BOOT_ONLY"

func TestMain(m *testing.M) {
	if os.Getenv(bootOnly) == "" {
		os.Exit(m.Run())
	}
	s, err := Boot(context.Background(), Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.PID(), s.machine.dir, s.machine.cgroup)
	select {}
}

// A test run that is killed takes its sandboxes along, and the next boot removes
// what is left of them.
func TestSandbox_GoesDownWithAKilledTestRun(t *testing.T) {
	killed := exec.Command(os.Args[0])
	killed.Env, killed.Stderr = append(os.Environ(), bootOnly+"=1"), os.Stderr
	out, err := killed.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	var dir, cgroup string
	if _, err := fmt.Fscan(out, &pid, &dir, &cgroup); err != nil {
		t.Fatal(err)
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	for deadline := time.Now().Add(time.Minute); isThere(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("init %d outlives the test run that booted it", pid)
		}
	}
	for deadline := time.Now().Add(time.Minute); exists(dir) || exists(cgroup); {
		Start(t, Options{})
		if time.Now().After(deadline) {
			t.Fatalf("%s or %s is left", dir, cgroup)
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
