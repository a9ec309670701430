package generator

import (
	"context"
	"os/exec"
	"strconv"
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// RunningSystemd is the version of this host's systemd. Where there is none, as
// in the build of a package, it is the oldest one: every newer takes its units.
func RunningSystemd(ctx context.Context) int {
	out, err := exec.CommandContext(ctx, "systemctl", "--version").Output()
	words := strings.Fields(string(out)) // "systemd 252 (252.39-1~deb12u1)", and more
	if err != nil || len(words) < 2 {
		return spec.OldestSystemd
	}
	version, err := strconv.Atoi(words[1])
	if err != nil {
		return spec.OldestSystemd
	}
	return max(version, spec.OldestSystemd)
}
