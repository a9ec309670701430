package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// What a rollout refuses on a real systemd: one line that says what is wrong,
// one that says what to do, exit code 6, and nothing done.
func TestRefusals(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web, err := s.Install(t.Context(), "web", webSpec, 4)
		if err != nil {
			t.Fatal(err)
		}
		refused := func(t *testing.T, message, hint string, command ...string) {
			t.Helper()
			out, err := web.Run(t.Context(), command[0], command[1:]...)
			requireExit(t, err, 6)
			want := regexp.MustCompile(`^clusterctl: ` + message + `\nhint: ` + hint + `\n$`)
			if !want.MatchString(out) {
				t.Errorf("got %q\nwant %s", out, want)
			}
		}
		restart := []string{stage.Clusterctl, "rollout", "restart", "web"}

		t.Run("no such cluster", func(t *testing.T) {
			refused(t, `no cluster "shop": systemd knows no unit "shop.service"`, "clusterctl status   # lists the clusters",
				stage.Clusterctl, "rollout", "restart", "shop")
		})
		t.Run("a release for what can't have one", func(t *testing.T) {
			dir := release(t, s, "v1", "")
			refused(t, `no cluster "shop": systemd knows no unit "shop.service"`, "clusterctl status   # lists the clusters",
				stage.Clusterctl, "deploy", "shop", dir)
			refused(t, `cluster "web" has no releases: its ExecStart= is an absolute path.*`, "write a relative one.*",
				stage.Clusterctl, "deploy", "web", dir)
			for _, name := range []string{"shop", "web"} {
				if left, err := web.Run(t.Context(), "ls", "-R", "/var/lib/clusterctl/"+name); err == nil {
					t.Errorf("something was written: %s", left)
				}
			}
		})
		t.Run("stopped", func(t *testing.T) {
			run(t, web, "systemctl", "start", "web.socket")
			refused(t, `cluster "web" is not running \(web.service is inactive\)`, "systemctl start web.service", restart...)
		})
		if err := web.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Run("no rollout yet", func(t *testing.T) {
			out, err := web.Run(t.Context(), stage.Clusterctl, "rollout", "status", "web")
			requireExit(t, err, 1)
			if !strings.Contains(out, `cluster "web" has had no rollout yet`) {
				t.Errorf("status: %s", out)
			}
		})
		t.Run("changed on disk", func(t *testing.T) {
			run(t, web, "sed", "-i", "s/^Description=/Description=The /", "/etc/systemd/system/web@.service")
			refused(t, `the file of unit "web@1.service" has changed, and systemd has not read it yet`, "systemctl daemon-reload", restart...)
			run(t, web, "systemctl", "daemon-reload")
		})
		t.Run("a policy that contradicts itself", func(t *testing.T) {
			if err := web.WriteFile("/etc/systemd/system/web.service.d/policy.conf", []byte("[X-Cluster]\nMaxUnavailable=none\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			run(t, web, "systemctl", "daemon-reload")
			out, err := web.Run(t.Context(), restart[0], restart[1:]...)
			requireExit(t, err, 2)
			if !strings.Contains(out, `/etc/systemd/system/web.service.d/policy.conf:2: MaxUnavailable: "none": wanted`) {
				t.Errorf("got %s", out)
			}
			run(t, web, "rm", "/etc/systemd/system/web.service.d/policy.conf")
			run(t, web, "systemctl", "daemon-reload")
		})
		t.Run("no permission", func(t *testing.T) {
			refused(t, `.*permission denied.*`, "run it as root .*", append([]string{"runuser", "-u", "nobody", "--"}, restart...)...)
		})
		t.Run("a second one at the same time", func(t *testing.T) {
			first := web.Command(t.Context(), restart[0], append(restart[1:], "-o", "json")...)
			events, err := first.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			run(t, web, "systemctl", "stop", "web@1.service")
			if err := web.WriteFile("/run/bad", []byte("never-ready"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			waitForLine(t, events, regexp.MustCompile(`"instance":"1"`))
			refused(t, `cluster "web": .*by root.*since.*`, "clusterctl rollout status web   # watches it", restart...)
			run(t, web, "systemctl", "stop", "clusterctl-rollout-web.service")
			if err := first.Wait(); err == nil {
				t.Error("the interrupted rollout ended without an error")
			}
			run(t, web, "rm", "/run/bad")
			run(t, web, "systemctl", "restart", "web@1.service")
		})
		for unit, invocation := range invocations(t, web) {
			if invocation == "" {
				t.Errorf("%s never ran", unit)
			}
		}
	})
}
