package e2e

import (
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// A user's own manager needs its message bus; Debian has these two units in
// dbus-user-session.
var userBus = map[string]string{
	"dbus.socket":  "[Socket]\nListenStream=%t/bus\n[Install]\nWantedBy=sockets.target\n",
	"dbus.service": "[Unit]\nRequires=dbus.socket\n[Service]\nExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation\n",
}

// login starts the user manager of root, as a login does, and returns a way to
// run commands in it. (For another account pam_systemd and logind would have to
// run in the sandbox too.)
func login(t *testing.T, s *stage.Stage) func(args ...string) (string, error) {
	t.Helper()
	const runtime = "/run/user/0"
	for name, text := range userBus {
		if err := s.WriteFile("/root/.config/systemd/user/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range [][]string{
		{"install", "-d", "-m", "0700", runtime},
		{"systemd-run", "--quiet", "--unit=user-manager", "--property=Type=notify", "--property=Delegate=yes",
			"--setenv=XDG_RUNTIME_DIR=" + runtime, "--setenv=HOME=/root", "/usr/lib/systemd/systemd", "--user", "--unit=sockets.target"},
	} {
		if _, err := s.Run(t.Context(), command[0], command[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	as := func(args ...string) (string, error) {
		return s.Run(t.Context(), "env", append([]string{"XDG_RUNTIME_DIR=" + runtime, "HOME=/root"}, args...)...)
	}
	if out, err := as("systemctl", "--user", "start", "dbus.socket", "dbus.service"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return as
}

const userSpec = `[Cluster]
Workers=3
Listen=http=127.0.0.1:8080

[Rollout]
Health=http /healthz

[Service]
ExecStart=/opt/workers/go-worker --instance %i
`

// Everything works in the manager of a user, without any privilege.
func TestUserManager(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		as := login(t, s)
		must := func(args ...string) string {
			t.Helper()
			out, err := as(args...)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if err := s.WriteFile("/root/web.cluster", []byte(userSpec), 0o644); err != nil {
			t.Fatal(err)
		}
		must(stage.Clusterctl, "--user", "generate", "/root/web.cluster", "--install")
		must("systemctl", "--user", "start", "web.service", "web@1.service", "web@2.service", "web@3.service")
		out := must(stage.Clusterctl, "--user", "rollout", "restart", "web")
		if !strings.Contains(out, "successfully rolled out: revision 1, 3 workers") {
			t.Errorf("the rollout: %s", out)
		}
		must("systemctl", "--user", "reload", "web.service")
		if out := must(stage.Clusterctl, "--user", "rollout", "history", "web"); strings.Count(out, "Complete") != 2 {
			t.Errorf("the history: %s", out)
		}
		for _, tt := range []struct {
			want string
			args []string
		}{
			{"web active, 3 of 3 workers ready\n", []string{"status", "web"}},
			{"web@3.service is out of service\n", []string{"drain", "web@3"}},
			{"active (drained)", []string{"status", "web"}},
			{"web@3.service restarted\n", []string{"restart", "web@3"}},
			{"cluster \"web\" has 2 workers, and had 3\n", []string{"scale", "web", "2"}},
			{"cluster \"web\" has 3 workers, and had 2\n", []string{"scale", "web", "+1"}},
			{"web@3.service  active (running)", []string{"status", "web"}},
		} {
			if out := must(append([]string{stage.Clusterctl, "--user"}, tt.args...)...); !strings.Contains(out, tt.want) {
				t.Errorf("%q: %s", tt.args, out)
			}
		}
		installExporter(t, s)
		eventually(t, "all that clusterctl --user metrics tells", func() bool {
			return len(missingSamples(must(stage.Clusterctl, "--user", "metrics"), []string{
				`clusterctl_cluster_workers_available{cluster="web"} 3.0`,
				`clusterctl_rollout_revision{cluster="web"} 2.0`,
				`clusterctl_worker_answers{cluster="web",worker="3"} 1.0`,
			})) == 0
		})
		out, err := as(stage.Clusterctl, "rollout", "restart", "web")
		requireExit(t, err, 6)
		if !strings.Contains(out, `no cluster "web"`) {
			t.Errorf("the system manager has no such cluster: %s", out)
		}
	})
}
