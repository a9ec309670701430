package generator

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/tests/sandbox"
)

// What the units are to systemd itself, on every version of the matrix.
func TestSystemd(t *testing.T) {
	generator := filepath.Join(t.TempDir(), "clusterctl-generator")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", generator, "../cmd/clusterctl-generator")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, version := range sandbox.Versions() {
		t.Run("systemd-"+version, func(t *testing.T) {
			s := sandbox.Start(t, sandbox.Options{Version: version})
			if err := s.CopyFile(generator, "/usr/lib/systemd/system-generators/clusterctl-generator", 0o755); err != nil {
				t.Fatal(err)
			}
			if version != "host" { // which TestFixtures_PassSystemdAnalyzeVerify asks
				t.Run("fixtures", func(t *testing.T) { verifyInside(t, s) })
			}
			t.Run("live", func(t *testing.T) { fixturesLive(t, s) })
			t.Run("exposure", func(t *testing.T) { exposure(t, s) })
			t.Run("generator", func(t *testing.T) { generateAtReload(t, s) })
			t.Run("listeners", func(t *testing.T) { everyListener(t, s) })
			t.Run("identity", func(t *testing.T) { oneIdentity(t, s) })
			t.Run("values", func(t *testing.T) { valuesComeBack(t, s) })
			t.Run("any value", func(t *testing.T) { anyValueComesBack(t, s) })
			t.Run("any path", func(t *testing.T) { anyPathListens(t, s) })
		})
	}
}

func run(t *testing.T, s *sandbox.Sandbox, command ...string) string {
	t.Helper()
	out, err := s.Run(t.Context(), command[0], command[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func verifyInside(t *testing.T, s *sandbox.Sandbox) {
	for manager, files := range unitsOfFixtures(t, versionIn(t, run(t, s, "systemd-analyze", "--version"))) {
		dir := "/srv/fixtures/" + string(manager)
		for _, file := range files {
			if err := s.WriteFile(path.Join(dir, file.Name), file.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		command := verifyCommand(dir, files, manager)
		out, err := s.Command(t.Context(), command[0], command[1:]...).CombinedOutput()
		requireNoComplaint(t, string(out), err)
	}
}

// exposure: a worker that says nothing of its security is "OK", also by what newer
// versions look at.
func exposure(t *testing.T, s *sandbox.Sandbox) {
	c, err := spec.Parse("web.cluster", []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	files, err := Generate(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := s.WriteFile("/srv/exposure/"+file.Name, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	report := run(t, s, "systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold=20", "/srv/exposure/web@.service")
	lines := strings.Split(strings.TrimSpace(report), "\n")
	t.Log(lines[len(lines)-1])
}

const nothing = "[Cluster]\nListen=http=127.0.0.1:8080\n[Service]\nExecStart=/usr/bin/sleep infinity\nType=exec\n"

// generateAtReload: .cluster files are clusters after a daemon-reload, a broken
// one stops no other, and what has gone is gone with the next.
func generateAtReload(t *testing.T, s *sandbox.Sandbox) {
	for name, text := range map[string]string{
		"usr/lib/clusterctl/web.cluster":        nothing,
		"etc/clusterctl/web.cluster.d/two.conf": "[Cluster]\nWorkers=3\n",
		"etc/clusterctl/broken.cluster":         "[Cluster]\nWorkers=0\n",
		"etc/clusterctl/shop.cluster":           strings.Replace(nothing, "8080", "8081", 1) + "[Slice]\nMemoryMax=1G\n",
	} {
		if err := s.WriteFile("/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, s, "systemctl", "daemon-reload")
	run(t, s, "systemctl", "start", "web.service", "shop.service")
	run(t, s, "systemctl", "is-active", "web.socket", "shop.socket", "web@1.service", "web@2.service", "web@3.service", "shop@2.service", "system-shop.slice")
	if state := run(t, s, "systemctl", "show", "--value", "--property=UnitFileState", "web.service"); strings.TrimSpace(state) != "generated" {
		t.Errorf("web.service is %s, wanted it generated", state)
	}
	for _, property := range []string{"MemoryMax=1073741824", "Slice=system.slice"} {
		key, _, _ := strings.Cut(property, "=")
		if got := strings.TrimSpace(run(t, s, "systemctl", "show", "--property="+key, "system-shop.slice")); got != property {
			t.Errorf("system-shop.slice has %s, wanted %s", got, property)
		}
	}
	run(t, s, "rm", "/etc/clusterctl/shop.cluster")
	run(t, s, "systemctl", "stop", "shop.service", "shop.socket")
	run(t, s, "systemctl", "daemon-reload")
	if state := run(t, s, "systemctl", "show", "--value", "--property=LoadState", "shop@1.service"); strings.TrimSpace(state) != "not-found" {
		t.Errorf("shop@1.service is %s after its cluster has gone", state)
	}
}

const sharing = `[Cluster]
Workers=2
Listen=http=127.0.0.1:7100

[Service]
Type=exec
Group=nogroup
StateDirectory=sharing
ExecStart=/bin/sh -c 'touch $STATE_DIRECTORY/of-all $STATE_DIRECTORY/%i && exec sleep infinity'
`

// oneIdentity: workers that name no user are not root, all the same one, and have
// one state directory between them.
func oneIdentity(t *testing.T, s *sandbox.Sandbox) {
	if err := s.WriteFile("/etc/clusterctl/sharing.cluster", []byte(sharing), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, s, "systemctl", "daemon-reload")
	run(t, s, "systemctl", "start", "sharing.service")
	run(t, s, "systemctl", "start", "sharing@1.service", "sharing@2.service")
	var users []string
	for _, worker := range []string{"sharing@1.service", "sharing@2.service"} {
		pid := strings.TrimSpace(run(t, s, "systemctl", "show", "--value", "--property=MainPID", worker))
		users = append(users, strings.TrimSpace(run(t, s, "stat", "--format=%u %G", "/proc/"+pid)))
	}
	if users[0] != users[1] || strings.HasPrefix(users[0], "0 ") || !strings.HasSuffix(users[0], " nogroup") {
		t.Errorf("the workers are %q, wanted one user, not root, of the group nogroup", users)
	}
}

// valuesComeBack: what stands in a value of ours is one argument of systemd's,
// with the same text.
func valuesComeBack(t *testing.T, s *sandbox.Sandbox) {
	want := make(map[string]string)
	for i, value := range []string{
		`test "$A" = 'b'`, `a\nb \x41 \\`, `100% of %h and %%`, `${HOME} $$ $`, `"`, `'`, `\`, `; reboot`, `a=b=c`, `# no comment`, `ünïcödé ☃`, `a  b`,
	} {
		c, err := spec.Parse("x.cluster", []byte("[Cluster]\nListen=http=80\nReady=exec "+value+" -\n[Service]\nExecStart=/usr/bin/true\n"))
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("value%d.service", i)
		command := readiness(c, Options{Binary: `/usr/bin/printf %%s\n`})[0].Value
		unit := "[Service]\nType=oneshot\nExecStart=" + command + "\n"
		if err := s.WriteFile("/etc/systemd/system/"+name, []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
		want[name] = c.Ready.String() + "\n"
	}
	run(t, s, "systemctl", "daemon-reload")
	run(t, s, append([]string{"systemctl", "start"}, slices.Sorted(maps.Keys(want))...)...)
	for name, text := range want {
		journal, err := s.Journal(t.Context(), "--output=cat", "--unit="+name)
		if err != nil || !strings.Contains(journal, text) {
			t.Errorf("wanted %q (%v), got:\n%s", text, err, journal)
		}
	}
}

const everyKind = `[Cluster]
Workers=1
Start=lazy
Listen=http=[::1]:7001 backlog=7
Listen=http=127.0.0.1:7001 backlog=7
Listen=dns=udp:127.0.0.1:7002
Listen=ctl=/run/kinds.sock mode=0620 user=nobody group=nogroup
Listen=log=datagram:/run/kinds.log
Listen=seq=seqpacket:@kinds
[Service]
Type=exec
ExecStart=/usr/bin/sleep infinity
`

// everyListener: each is there as it was asked for, before any worker is, and
// all of them reach the worker under their names.
func everyListener(t *testing.T, s *sandbox.Sandbox) {
	if err := s.WriteFile("/etc/clusterctl/kinds.cluster", []byte(everyKind), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, s, "systemctl", "daemon-reload")
	run(t, s, "systemctl", "start", "kinds.socket", "kinds-dns.socket", "kinds-ctl.socket", "kinds-log.socket", "kinds-seq.socket")
	listening := strings.Join(strings.Fields(run(t, s, "ss", "-Hlntux")), " ")
	for _, want := range []string{
		"tcp LISTEN 0 7 127.0.0.1:7001", "tcp LISTEN 0 7 [::1]:7001", "udp UNCONN 0 0 127.0.0.1:7002",
		"u_str LISTEN 0", "/run/kinds.sock", "u_dgr UNCONN 0 0 /run/kinds.log", "u_seq LISTEN 0", "@kinds",
	} {
		if !strings.Contains(listening, want) {
			t.Errorf("nobody listens at %q: %s", want, listening)
		}
	}
	if got := run(t, s, "stat", "--format=%a %U %G", "/run/kinds.sock"); got != "620 nobody nogroup\n" {
		t.Errorf("/run/kinds.sock is %s", got)
	}
	run(t, s, "systemctl", "start", "kinds.service")
	run(t, s, "systemctl", "start", "kinds@1.service") // waits for the job that the cluster's start has queued
	pid := strings.TrimSpace(run(t, s, "systemctl", "show", "--value", "--property=MainPID", "kinds@1.service"))
	environment := run(t, s, "cat", "/proc/"+pid+"/environ")
	_, names, _ := strings.Cut(environment, "LISTEN_FDNAMES=")
	names, _, _ = strings.Cut(names, "\x00")
	// The order of several socket units is that of a hash table of systemd's.
	got := strings.Split(names, ":")
	slices.Sort(got)
	if want := []string{"admin", "ctl", "dns", "http", "http", "log", "seq"}; !slices.Equal(got, want) {
		t.Errorf("the worker has %q, wanted %q: %q", got, want, environment)
	}
}
