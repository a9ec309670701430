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
		web := startWeb(t, s, webSpec)
		run(t, web, "groupadd", "deploy")
		run(t, web, "useradd", "--groups", "deploy", "deployer")
		restart := []string{"-u", "deployer", "--", stage.Clusterctl, "rollout", "restart", "web"}

		out, err := web.Run(t.Context(), "runuser", restart...)
		requireExit(t, err, 6)
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
		out = run(t, web, "runuser", restart...)
		if !strings.Contains(out, "successfully rolled out: revision 1") {
			t.Errorf("with the rule: %s", out)
		}
		for unit, invocation := range invocations(t, web) {
			if invocation == before[unit] {
				t.Errorf("%s was not restarted", unit)
			}
		}
		out, err = web.Run(t.Context(), "runuser", "-u", "deployer", "--", "systemctl", "restart", "web@1.service")
		if err == nil {
			t.Errorf("the rule allows more than it says: %s", out)
		}
	})
}
