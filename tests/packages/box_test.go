package packages

import (
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/sandbox"
)

// Clean Debian systems, each with its own systemd.
var debians = map[string]string{"debian-12": "252", "debian-13": "257", "debian-sid": "262"}

const rate = 100 // requests per second

// box is a clean Debian in which a story is told.
type box struct {
	*testing.T
	sandbox *sandbox.Sandbox
}

func onEach(t *testing.T, story func(box)) {
	for name, version := range debians {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each has a machine of its own, and mostly waits
			story(box{t, sandbox.Start(t, sandbox.Options{Version: version})})
		})
	}
}

// do runs a line of shell inside and returns what it printed.
func (b box) do(line string, args ...any) string {
	b.Helper()
	out, err := b.try(line, args...)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// try is do for a line that may fail.
func (b box) try(line string, args ...any) (string, error) {
	return b.sandbox.Run(b.Context(), "bash", "-ec", "export DEBIAN_FRONTEND=noninteractive; "+fmt.Sprintf(line, args...))
}

// exits says whether a line ended with this exit code.
func exits(err error, code int) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == code
}

// put copies files of this machine into a directory of the box.
func (b box) put(dir string, files ...string) {
	b.Helper()
	for _, file := range files {
		if err := b.sandbox.CopyFile(file, path.Join(dir, filepath.Base(file)), 0o755); err != nil {
			b.Fatal(err)
		}
	}
}

// inside is where a package is in the box.
func inside(deb string) string { return path.Join("/srv", filepath.Base(deb)) }

func (b box) load(address string, mode load.Mode) *load.Run {
	b.Helper()
	requests, err := load.Start(b.Context(), load.Config{
		Dial: b.sandbox.Dial, Network: "tcp", Address: address, Mode: mode, Rate: rate,
	})
	if err != nil {
		b.Fatal(err)
	}
	return requests
}

// requireRelease says that every worker of web runs the release.
func (b box) requireRelease(release string) {
	b.Helper()
	if links := b.do("readlink /var/lib/clusterctl/web/workers/{1,2,3,4} | sort | uniq -c"); strings.Join(strings.Fields(links), " ") != "4 ../releases/"+release {
		b.Errorf("the workers run %s, wanted %s", links, release)
	}
}

// invocations are the identities of the workers' starts.
func (b box) invocations(cluster string) []string {
	b.Helper()
	return strings.Fields(b.do("systemctl show --property=InvocationID --value %s@{1,2,3,4}.service", cluster))
}

// notOurs is what every installation of a package leaves, and what is nobody's
// installation.
const notOurs = `^/(proc|sys|dev|run|tmp|srv|root)(/|$)|^/var/(log|cache|tmp)/|^/var/lib/(apt|dpkg|systemd)(/|$)|^/etc/\.pwd\.lock$|^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$|^/etc/systemd/system$`

// files are all files of the box with their modes and owners, the accounts that it
// has, and what dpkg and systemd keep under our name.
func (b box) files() []string {
	b.Helper()
	return strings.Split(b.do("find / -xdev -printf '%%p %%y %%m %%u:%%g %%l\\n' 2>/dev/null | grep -vE '%s' | sort;"+
		" cat /etc/passwd /etc/group; find /var/lib/dpkg /var/lib/systemd /run -xdev -name '*cluster*' -not -path '/run/log/*' | sort", notOurs), "\n")
}

func (b box) requireSame(before, after []string) {
	b.Helper()
	for _, line := range after {
		if !slices.Contains(before, line) {
			b.Errorf("left behind: %s", line)
		}
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			b.Errorf("taken away: %s", line)
		}
	}
}
