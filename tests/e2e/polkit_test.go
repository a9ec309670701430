package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// A user without root rolls a cluster when polkit allows it, and gets one clear
// line when it does not.
func TestPolkit(t *testing.T) {
	if _, err := os.Stat("/usr/lib/polkit-1/polkitd"); err != nil {
		t.Fatalf("%v\ninstall it: apt-get install --no-install-recommends polkitd", err)
	}
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, strings.Replace(webSpec, "[Rollout]\n", "[Rollout]\nMinReadySec=500ms\n", 1))
		run(t, web, "groupadd", "deploy")
		run(t, web, "useradd", "--groups", "deploy", "deployer")
		deployer := func(code int, args ...string) string {
			t.Helper()
			out, err := web.Run(t.Context(), "runuser", append([]string{"-u", "deployer", "--"}, args...)...)
			requireExit(t, err, code)
			return out
		}

		out := deployer(6, stage.Clusterctl, "rollout", "restart", "web")
		if strings.Count(out, "\n") != 2 || !strings.Contains(out, "permission denied") || !strings.Contains(out, "hint: run it as root (sudo), or let polkit allow you") {
			t.Errorf("without a rule: %s", out)
		}

		rule, err := os.ReadFile(filepath.Join(stage.Root(), "cmd/dist/polkit/50-clusterctl.rules"))
		if err != nil {
			t.Fatal(err)
		}
		if err := web.WriteFile("/etc/polkit-1/rules.d/50-clusterctl.rules", rule, 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, web, "systemctl", "restart", "polkit.service")
		before := invocations(t, web)
		out = deployer(0, stage.Clusterctl, "rollout", "restart", "web")
		if !strings.Contains(out, "successfully rolled out: revision 1") {
			t.Errorf("with the rule: %s", out)
		}
		for unit, invocation := range invocations(t, web) {
			if invocation == before[unit] {
				t.Errorf("%s was not restarted", unit)
			}
		}

		run(t, web, stage.Clusterctl, "rollout", "restart", "web", "--detach")
		if out := deployer(6, stage.Clusterctl, "rollout", "restart", "web"); !strings.Contains(out, "another rollout is under way: revision 2, by root, since") {
			t.Errorf("beside another rollout: %s", out)
		}
		deployer(0, stage.Clusterctl, "rollout", "pause", "web")
		if out := deployer(5, stage.Clusterctl, "rollout", "status", "web"); !strings.Contains(out, "is held") {
			t.Errorf("paused: %s", out)
		}
		deployer(0, stage.Clusterctl, "rollout", "resume", "web")
		deployer(0, stage.Clusterctl, "rollout", "status", "web")
		deployer(1, "systemctl", "restart", "web@1.service") // the rule allows no more than it says
	})
}
