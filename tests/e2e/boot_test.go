package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/sandbox"
	"github.com/clusterctl/clusterctl/tests/stage"
)

const bootSpec = `[Cluster]
Workers=2
Listen=http=127.0.0.1:%PORT%

[Service]
ExecStart=/opt/workers/go-worker --instance %i
`

func onPort(port string) string { return strings.Replace(bootSpec, "%PORT%", port, 1) }

// bootDisk is what stands in the search path, in /usr and in /etc, before the
// machine is switched on: a cluster with a drop-in, one that is masked, one that
// starts with the first connection, and two files that are broken.
var bootDisk = map[string]string{
	"usr/lib/clusterctl/web.cluster":               onPort("8080"),
	"usr/lib/clusterctl/off.cluster":               onPort("8081"),
	"usr/lib/clusterctl/lazy.cluster":              "[Cluster]\nStart=lazy\n" + onPort("8082"),
	"usr/lib/clusterctl/broken.cluster":            onPort("8083"),
	"etc/clusterctl/broken.cluster":                "[Cluster]\nWorkers=none\nLisen=http=1\n",
	"etc/clusterctl/off.cluster":                   "",
	"etc/clusterctl/web.cluster.d/50-scale.conf":   "[Cluster]\nWorkers=3\n",
	"usr/lib/clusterctl/web.cluster.d/policy.conf": "[Rollout]\nHealth=http /healthz\n",
}

// TestBoot switches a machine on that has nothing but .cluster files and the
// systemd generator: its clusters are up without a command, can be rolled, and
// a broken file stops neither the others nor the boot.
func TestBoot(t *testing.T) {
	generator := filepath.Join(t.TempDir(), "clusterctl-generator")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", generator, "./cmd/clusterctl-generator")
	build.Dir, build.Env = stage.Root(), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, version := range sandbox.Versions() {
		t.Run("systemd-"+version, func(t *testing.T) {
			t.Parallel()
			s := bootWith(t, version, generator)
			web := &applied{&stage.Cluster{Stage: s, Name: "web"}, onPort("8080")}
			t.Run("clusters", func(t *testing.T) { bootedClusters(t, web) })
			t.Run("scale", func(t *testing.T) { bootScale(t, web) })
			t.Run("faults", func(t *testing.T) { bootFaults(t, s, noise(version)) })
			t.Run("apply", func(t *testing.T) { bootApply(t, web) })
			t.Run("user", func(t *testing.T) { bootUser(t, s, generator) })
		})
	}
}

// noise is a file of this machine alone: the kernel's log is that of all of them.
func noise(version string) string { return fmt.Sprintf("noise-%s-%d.cluster", version, os.Getpid()) }

// bootWith boots to multi-user.target, as a server does.
func bootWith(t *testing.T, version, generator string) *stage.Stage {
	t.Helper()
	disk := t.TempDir()
	put := func(name string, data []byte, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(disk, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range bootDisk {
		put(name, []byte(text), 0o644)
	}
	put("etc/clusterctl/"+noise(version), []byte("\xff\xfe\x00"), 0o644)
	for host, name := range map[string]string{
		generator: "usr/lib/systemd/system-generators/clusterctl-generator", programs.Clusterctl: stage.Clusterctl, programs.GoWorker: stage.GoWorker,
	} {
		data, err := os.ReadFile(host)
		if err != nil {
			t.Fatal(err)
		}
		put(name, data, 0o755)
	}
	if err := os.Chmod(disk, 0o755); err != nil { // it becomes the root
		t.Fatal(err)
	}
	return &stage.Stage{Sandbox: sandbox.Start(t, sandbox.Options{Version: version, Disk: disk, Target: "multi-user.target"}), Version: version}
}

// bootedClusters: what the drop-ins say holds, the masked one is not there, and
// the lazy one waits for its first connection.
func bootedClusters(t *testing.T, web *applied) {
	web.requireUp(t, 3)
	if state := property(t, web.Cluster, "web.service", "UnitFileState"); state != "generated" {
		t.Errorf("web.service is %s", state)
	}
	before := invocations(t, web.Cluster)
	run(t, web.Cluster, "systemctl", "reload", "web.service")
	requireRolled(t, before, invocations(t, web.Cluster))
	for unit, want := range map[string]string{
		"off.service": "inactive", "off.socket": "inactive", "broken.service": "inactive",
		"lazy.socket": "active", "lazy.service": "inactive", "lazy@1.service": "inactive", "multi-user.target": "active",
	} {
		if state := property(t, web.Cluster, unit, "ActiveState"); state != want {
			t.Errorf("%s is %s, wanted it %s", unit, state, want)
		}
	}
	requireAnswer(t, web, "127.0.0.1:8082")
	run(t, web.Cluster, "systemctl", "daemon-reload")
	web.requireUp(t, 3)
}

// bootScale: the generator makes the links of as many workers as scale has said,
// at the next daemon-reload and so at the next boot.
func bootScale(t *testing.T, web *applied) {
	o := operator{t, web.Cluster}
	o.succeeds(`web@4\.service started\ncluster "web" has 4 workers, and had 3\n`, "scale", "web", "4")
	run(t, web.Cluster, "systemctl", "daemon-reload")
	web.requireUp(t, 4)
	o.sees(`^web active, 4 of 4 workers ready$`)
	o.succeeds(`web@4\.service stopped\ncluster "web" has 3 workers, and had 4\n`, "scale", "web", "--", "-1")
	web.requireUp(t, 3)
}

// bootFaults: each fault is in the kernel's log with its place, and where there is
// none to write to, in the journal.
func bootFaults(t *testing.T, s *stage.Stage, noise string) {
	log, err := s.Run(t.Context(), "dmesg")
	if err != nil {
		if log, err = s.Journal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		`clusterctl-generator: /etc/clusterctl/broken.cluster:2: Workers: "none": wanted a number`,
		`clusterctl-generator: /etc/clusterctl/broken.cluster:3: Lisen: unknown key in [Cluster], did you mean "Listen"?`,
		`clusterctl-generator: /etc/clusterctl/` + noise + `: not a text file`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q", want)
		}
	}
}

// bootApply: a cluster of the generator is changed by its file and a reload alone,
// and apply and the next boot agree.
func bootApply(t *testing.T, web *applied) {
	before := web.requireUp(t, 3)
	web.apply(t, "roll") // what they run was not seen before the reload
	requireRolled(t, before, web.requireUp(t, 3))
	web.apply(t, "")
	dropIn := func(text string) {
		t.Helper()
		if err := web.WriteFile("/etc/clusterctl/web.cluster.d/50-scale.conf", []byte("[Cluster]\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before = web.requireUp(t, 3)
	dropIn("Workers=4\n")
	web.apply(t, "reload start")
	requireSame(t, before, web.requireUp(t, 4))
	dropIn("Workers=2\nListen=more=/run/more.sock\n")
	web.apply(t, "reload listen drain roll")
	requireRolled(t, before, web.requireUp(t, 2))
	dropIn("Workers=2\n")
	web.apply(t, "reload roll close")
	before = web.requireUp(t, 2)
	web.apply(t, "")
	requireSame(t, before, web.requireUp(t, 2))
	for _, place := range []string{"/etc/systemd/system/web.service", "/etc/systemd/system/web.service.wants"} {
		if _, err := os.Lstat(web.Path(place)); err == nil {
			t.Errorf("apply has written %s, and a later change of the file would change nothing", place)
		}
	}
}

// bootUser: the manager of a user has the clusters of the user's own files.
func bootUser(t *testing.T, s *stage.Stage, generator string) {
	if err := s.CopyFile(generator, "/usr/lib/systemd/user-generators/clusterctl-generator", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"/root/.config/clusterctl/mine.cluster":   onPort("8090"),
		"/root/.config/clusterctl/masked.cluster": "",
		"/root/.config/clusterctl/broken.cluster": "[Cluster]\n",
		"/etc/clusterctl/user/ours.cluster":       onPort("8091"),
		"/etc/clusterctl/user/masked.cluster":     onPort("8092"),
	} {
		if err := s.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	as := login(t, s)
	if out, err := as("systemctl", "--user", "start", "default.target"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for unit, want := range map[string]string{"mine.service": "active", "ours.service": "active", "ours@2.service": "active", "masked.service": "inactive", "broken.service": "inactive"} {
		eventually(t, unit+" is "+want, func() bool {
			out, _ := as("systemctl", "--user", "is-active", unit)
			return strings.TrimSpace(out) == want
		})
	}
	if out, err := as(stage.Clusterctl, "--user", "rollout", "restart", "mine"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	// Of a file of the search path, and of one that no generator finds.
	if err := s.WriteFile("/root/other.cluster", []byte(onPort("8093")), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"ours", "/root/other.cluster"} {
		out, err := as(stage.Clusterctl, "--user", "apply", file)
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		if out, err = as(stage.Clusterctl, "--user", "apply", file); err != nil || !strings.HasPrefix(out, "nothing to do: ") {
			t.Errorf("again: %v: %s", err, out)
		}
	}
	if out, err := as("systemctl", "--user", "is-active", "ours@1.service", "ours@2.service", "other@1.service", "other@2.service"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
