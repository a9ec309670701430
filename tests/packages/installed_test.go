package packages

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/tests/load"
)

const webCluster = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080

[Rollout]
Health=http /healthz

[Service]
ExecStart=bin/server --instance %i
`

// The life of the package on a clean Debian: installed and used as the README says,
// upgraded in the middle of a rollout, a package with a cluster beside it, removed
// and purged under a cluster that runs, and purged for good. No request is lost, and
// in the end there is what there was in the beginning.
func TestInstalled(t *testing.T) {
	t.Parallel()
	d, err := built()
	if err != nil {
		t.Fatal(err)
	}
	worker := filepath.Join(t.TempDir(), "server")
	run(t, "..", []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-o", worker, "./worker/go")
	onEach(t, func(b box) {
		before := b.files()
		b.put("/srv", d.older, d.newer, d.helloOlder, d.helloNewer)
		for _, release := range []string{"v1", "v2", "v3"} {
			b.put("/srv/"+release+"/bin", worker)
			b.do("echo WORKER_RELEASE=%s >/srv/%s/environment", release, release)
		}
		b.isInstalled(d.older, "0.0.9")

		b.do("mkdir -p /etc/clusterctl; cat >/etc/clusterctl/web.cluster <<'END'\n%sEND", webCluster)
		b.do("systemctl daemon-reload; clusterctl deploy web /srv/v1; clusterctl apply web")
		requests := b.load("127.0.0.1:8080", load.KeepAlive)
		b.do("clusterctl deploy web /srv/v2")
		b.requireRelease("v2")
		b.upgradedInMidRollout(d.newer, "v3")
		workers := b.invocations("web")

		b.shipsACluster(d.helloOlder, d.helloNewer)

		if out := b.do("apt-get remove -y clusterctl 2>&1"); !strings.Contains(out, `cluster "web" runs on, and will not be there after the next boot`) {
			b.Errorf("removal under a cluster of the generator:\n%s", out)
		}
		b.do("systemctl daemon-reload") // whoever does it next
		if out := b.do("apt-get purge -y clusterctl 2>&1"); !strings.Contains(out, `/var/lib/clusterctl/web stays, for cluster "web" is still there`) {
			b.Errorf("purge under a cluster:\n%s", out)
		}
		b.do("apt-get install -y %s", inside(d.newer))
		b.do("clusterctl rollout status web")
		if after := b.invocations("web"); !slices.Equal(after, workers) {
			b.Errorf("the workers were touched: %s, before %s", after, workers)
		}
		if report := requests.Stop(); report.Failed != 0 {
			b.Errorf("packages cost requests: %s", report)
		}

		b.do("systemctl stop web.service web.socket; rm /etc/clusterctl/web.cluster; systemctl daemon-reload")
		b.do("apt-get purge -y clusterctl; rm -r /srv/*")
		b.requireSame(before, b.files())
	})
}

// isInstalled installs a first version on a system that has none.
func (b box) isInstalled(deb, version string) {
	b.Helper()
	b.do("apt-get install -y %s", inside(deb))
	if out := b.do("clusterctl --version"); out != "clusterctl version "+version+"\n" {
		b.Errorf("version: %s", out)
	}
	for line, want := range map[string]string{
		"stat -c '%a %U' /var/lib/clusterctl":                                    "755 root",
		"systemctl is-enabled clusterctl-exporter.socket || true":                "disabled",
		"systemctl is-active clusterctl-exporter.socket || true":                 "inactive",
		"systemctl list-units --failed --plain --no-legend":                      "",
		"clusterctl doctor >/dev/null; echo $?":                                  "0",
		"grep -c ^clusterctl-exporter: /etc/passwd":                              "1",
		"systemd-analyze cat-config tmpfiles.d | grep -c '^d /var/lib/clusterc'": "1",
	} {
		if got := strings.TrimSpace(b.do("%s", line)); got != want {
			b.Errorf("%s: %q, wanted %q", line, got, want)
		}
	}
}

// upgradedInMidRollout puts a newer clusterctl in place while one worker has its new
// release and the others wait. The engine that runs is of the older one; it is killed,
// so that systemd goes on with the newer one, and what the older has written down.
func (b box) upgradedInMidRollout(deb, release string) {
	b.Helper()
	b.do("sed -i '/^Health=/a Canary=1\\nCanaryHoldSec=infinity' /etc/clusterctl/web.cluster; clusterctl apply web")
	out, err := b.try("clusterctl deploy web /srv/%s", release)
	if !exits(err, 5) {
		b.Fatalf("the canary is not held: %v\n%s", err, out)
	}
	b.do("apt-get install -y %s", inside(deb))
	if out := b.do("clusterctl --version"); out != "clusterctl version 0.1.0\n" {
		b.Errorf("version: %s", out)
	}
	engine := b.do("systemctl show --property=InvocationID clusterctl-rollout-web.service")
	b.do("systemctl kill --kill-whom=main --signal=KILL clusterctl-rollout-web.service")
	b.do("until systemctl is-active --quiet clusterctl-rollout-web.service && "+
		"[ \"$(systemctl show --property=InvocationID clusterctl-rollout-web.service)\" != '%s' ]; do sleep 0.05; done", strings.TrimSpace(engine))
	if left := b.do("readlink /var/lib/clusterctl/web/workers/4"); strings.Contains(left, release) {
		b.Errorf("the rollout was over before the upgrade was")
	}
	b.do("clusterctl rollout resume web")
	if out, err := b.try("clusterctl rollout status web"); err != nil || !strings.Contains(out, "successfully rolled out") {
		b.Errorf("the rollout after the upgrade: %v\n%s", err, out)
	}
	b.requireRelease(release)
}

// shipsACluster is the life of a package that has a cluster: installed it runs,
// upgraded it rolls, removed and purged it has gone.
func (b box) shipsACluster(older, newer string) {
	b.Helper()
	before := b.files()
	b.do("apt-get install -y %s", inside(older))
	for line, want := range map[string]string{
		"systemctl is-active hello-cluster.service hello-cluster.socket hello-cluster@{1,2,3,4}.service | sort -u":  "active",
		"systemctl is-enabled hello-cluster.service hello-cluster.socket hello-cluster@{1,2,3,4}.service | sort -u": "enabled",
		"systemctl list-units --plain --no-legend 'hello-cluster@*.service' | wc -l":                                "4",
	} {
		if got := strings.TrimSpace(b.do("%s", line)); got != want {
			b.Errorf("%s: %q, wanted %q", line, got, want)
		}
	}
	requests := b.load("127.0.0.1:8000", load.NewConnection)
	out := b.do("apt-get install -y %s 2>&1", inside(newer))
	after := answers(requests, 20)
	report := requests.Stop()
	if report.Failed != 0 {
		b.Errorf("the upgrade cost requests: %s\n%s", report, out)
	}
	if report.PerRelease["1.0"] == 0 || after["1.0"] != 0 || after["1.1"] == 0 {
		b.Errorf("answers by version: %v in all, %v after the upgrade\n%s", report.PerRelease, after, out)
	}
	b.do("apt-get remove -y hello-cluster")
	if left := b.do("systemctl list-units --plain --no-legend 'hello-cluster*'"); left != "" {
		b.Errorf("left after the removal:\n%s", left)
	}
	b.do("apt-get purge -y hello-cluster")
	b.requireSame(before, b.files())
}

// answers are so many requests that end from now on, by the version that answered.
func answers(requests *load.Run, wanted int) map[string]int {
	all := make(map[string]int)
	requests.Phase("after")
	for n := 0; n < wanted; {
		time.Sleep(20 * time.Millisecond)
		phase := requests.Phase("after")
		n += phase.Requests
		for release, count := range phase.PerRelease {
			all[release] += count
		}
	}
	return all
}
