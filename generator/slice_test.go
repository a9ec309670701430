package generator

import (
	"os/exec"
	"strings"
	"testing"
)

func TestEscape_AgreesWithSystemdEscape(t *testing.T) {
	for _, name := range []string{"web", "my-web", "a_b.c:d", ".hidden", "1.2", "A-B-C"} {
		out, err := exec.CommandContext(t.Context(), "systemd-escape", "--", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := escape(name), strings.TrimSpace(string(out)); got != want {
			t.Errorf("%q is %q, systemd-escape says %q", name, got, want)
		}
	}
}
