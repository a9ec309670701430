package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/sandbox"
)

const installed = `[Cluster]
Workers=3
Listen=http=127.0.0.1:8080

[Service]
Type=exec
ExecStart=/usr/bin/sleep infinity
`

// generate --install leaves a cluster that one systemctl start brings up, and the
// next boot too; a changed file is taken over, and nothing is started by it. Of
// a lazy one only the sockets are for the next boot. A worker that can't say
// READY=1 is ready when its Ready= says so.
func TestGenerateInstall(t *testing.T) {
	program := filepath.Join(t.TempDir(), "clusterctl")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := sandbox.Start(t, sandbox.Options{})
	if err := s.CopyFile(program, "/usr/bin/clusterctl", 0o755); err != nil {
		t.Fatal(err)
	}
	inside := func(want string, command ...string) {
		t.Helper()
		out, err := s.Run(t.Context(), command[0], command[1:]...)
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("%s: wanted %q, got %v\n%s", strings.Join(command, " "), want, err, out)
		}
	}
	spec := func(text string) {
		t.Helper()
		if err := s.WriteFile("/etc/clusterctl/web.cluster", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	spec(installed)
	inside("wrote /etc/systemd/system/web@.service\n", "clusterctl", "generate", "web", "--install")
	inside("enabled\nenabled\nenabled\nenabled\nenabled\n", "systemctl", "is-enabled", "web.service", "web.socket", "web@1.service", "web@2.service", "web@3.service")
	inside("inactive", "systemctl", "show", "--property=ActiveState", "web.service", "web.socket")
	inside("", "systemctl", "start", "web.service")
	inside("", "systemctl", "start", "web@1.service", "web@2.service", "web@3.service")

	spec(strings.Replace(installed, "8080", "8081", 1))
	inside("+ListenStream=127.0.0.1:8081\n", "clusterctl", "generate", "web", "--install", "--diff")
	inside("wrote /etc/systemd/system/web.socket\n", "clusterctl", "generate", "web", "--install")
	inside("NeedDaemonReload=no", "systemctl", "show", "--property=NeedDaemonReload", "web.socket")
	inside("", "clusterctl", "generate", "web", "--install", "--check")

	inside("wrote /run/systemd/system/shop.service\n", "clusterctl", "generate", "--name", "shop", "--exec", "/usr/bin/sleep 1h", "--listen", "http=9090", "--runtime")
	inside("enabled-runtime\n", "systemctl", "is-enabled", "shop@2.service")

	if err := s.WriteFile("/etc/clusterctl/web.cluster", nil, 0o644); err != nil { // a mask
		t.Fatal(err)
	}
	inside("removed /etc/systemd/system/web@.service\n", "clusterctl", "generate", "--all", "--install")
	inside("0\n", "sh", "-c", "find /etc/systemd/system -name 'web*' -not -type d | wc -l")

	slow := strings.Replace(installed, "[Service]", "Start=lazy\nReady=exec test -e /run/ready-%i\n[Service]", 1)
	if err := s.WriteFile("/etc/clusterctl/slow.cluster", []byte(slow), 0o644); err != nil {
		t.Fatal(err)
	}
	inside("", "clusterctl", "generate", "slow", "--install")
	inside("enabled\nenabled\n", "systemctl", "is-enabled", "slow.socket", "slow@3.service")
	inside("0\n", "sh", "-c", "find /etc/systemd/system/*.target.wants -name slow.service | wc -l") // the first connection starts it
	inside("", "systemctl", "start", "--no-block", "slow@2.service")
	for state := ""; !strings.Contains(state, "SubState=start-post"); { // until it is asked
		var err error
		if state, err = s.Run(t.Context(), "systemctl", "show", "--property=SubState", "slow@2.service"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.WriteFile("/run/ready-2", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	inside("", "systemctl", "start", "slow@2.service") // waits for the job that is there
	inside("SubState=running", "systemctl", "show", "--property=SubState", "slow@2.service")

	if err := s.WriteFile("/srv/brief.cluster", []byte(strings.Replace(installed, "8080", "7000", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	inside("", "clusterctl", "generate", "/srv/brief.cluster", "--install")
	inside("", "rm", "/srv/brief.cluster")
	inside("", "systemctl", "start", "brief@1.service")
	inside("NeedDaemonReload=no", "systemctl", "show", "--property=NeedDaemonReload", "brief@1.service") // a rollout would be refused
}
