package spec

import (
	"strings"
	"testing"
	"time"
)

const whole = `# a comment
[Cluster]
Workers=4
Listen=http=0.0.0.0:8080
Listen=http=[::]:8080

[Rollout]
MaxUnavailable=25%
MinReadySec=2min 500ms
Health=http /healthz

[Service]
ExecStart=/usr/bin/web \
    --flag
Environment=A=1
Environment=B=2
`

func TestParse_Whole(t *testing.T) {
	c, err := Parse("/etc/clusterctl/web.cluster", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "web" || c.Workers != WorkerNumber(4) || len(c.Listen) != 2 || c.Listen[0] != (Listener{Name: "http", Kind: Stream, Address: "0.0.0.0:8080"}) {
		t.Errorf("read %+v", c)
	}
	if c.Policy.MaxUnavailable != Percent(25) || c.Policy.MinReadySec != 2*time.Minute+500*time.Millisecond || c.Policy.Health.Target != "/healthz" {
		t.Errorf("policy %+v", c.Policy)
	}
	service := c.Sections["Service"]
	if len(service) != 3 || strings.Join(strings.Fields(service[0].Value), " ") != "/usr/bin/web --flag" || service[0].Line != 13 {
		t.Errorf("[Service] %+v", service)
	}
}

// Each fault is one line: file, line, key, what is wrong, what is wanted.
func TestParse_Faults(t *testing.T) {
	const exec = "[Service]\nExecStart=/usr/bin/web\n"
	tests := []struct{ name, text, want string }{
		{"unknown key", "[Cluster]\nWorker=4\n", `web.cluster:2: Worker: unknown key in [Cluster], did you mean "Workers"?`},
		{"unknown section", "[Clustr]\n", `web.cluster:1: [Clustr]: unknown section, did you mean "Cluster"?`},
		{"unknown policy", "[Rollout]\nMaxUnavailabel=1\n", `web.cluster:2: MaxUnavailabel: unknown key, did you mean "MaxUnavailable"?`},
		{"out of range", "[Cluster]\nWorkers=0\n", `web.cluster:2: Workers: "0": wanted a number from 1 to 10000, or "auto" for one worker a CPU`},
		{"no listener", exec, `web.cluster: Listen: missing: wanted Listen=NAME=ADDRESS in [Cluster], such as Listen=http=0.0.0.0:8080`},
		{"no command", "[Cluster]\nListen=http=8080\n", `web.cluster: ExecStart: missing: wanted the worker's command line in [Service], such as ExecStart=/usr/bin/web`},
		{"bad address", "[Cluster]\nListen=http=example.org:80\n", `web.cluster:2: Listen: address "example.org:80": wanted PORT, IPv4:PORT, [IPv6]:PORT, /PATH, @ABSTRACT or vsock:CID:PORT, after udp:`},
		{"reserved name", "[Cluster]\nListen=admin=80\n", `web.cluster:2: Listen: "admin" is the name of a unit of the cluster's own: wanted another`},
		{"start limit", "[Unit]\nStartLimitBurst=3\n", `web.cluster:2: StartLimitBurst: can't be set in a cluster: a worker that hits its start limit closes the listener of all workers`},
		{"accept", "[Socket]\nAccept=yes\n", `web.cluster:2: Accept: can't be set in a cluster: workers accept for themselves from one listener`},
		{"oneshot", "[Service]\nType=oneshot\n", `web.cluster:2: Type: can't be set in a cluster: wanted "notify" (the default), "notify-reload", "exec", "simple" or "dbus"`},
		{"time span", "[Rollout]\nMinReadySec=soon\n", `web.cluster:2: MinReadySec: "soon": wanted a time span of at most a year, such as "30s", "2min 30s" or "500ms"`},
		{"no assignment", "[Cluster]\nWorkers\n", `web.cluster:2: "Workers": wanted KEY=VALUE, [SECTION] or a comment`},
		{"before a section", "Workers=1\n", `web.cluster:1: "Workers=1" stands before the first [SECTION]`},
		{"contradiction", "[Cluster]\nListen=http=80\n[Rollout]\nMaxUnavailable=0\n" + exec, `MaxUnavailable: 0 together with MaxSurge=0 lets a rollout move no worker`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("web.cluster", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestParse_AllFaultsAtOnce(t *testing.T) {
	_, err := Parse("web.cluster", []byte("[Cluster]\nWorkers=x\nListen=y\n[Rollout]\nHealth=maybe\n"))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("want three lines, got: %v", err)
	}
}

func TestParse_FileName(t *testing.T) {
	for _, path := range []string{"web.conf", ".cluster", "we b.cluster", "-web.cluster", "web@1.cluster", "web.service.cluster"} {
		if _, err := Parse(path, []byte(whole)); err == nil {
			t.Errorf("%q names a cluster", path)
		}
	}
}

func TestNew(t *testing.T) {
	c, err := New("web", "/usr/bin/web --flag", 4, []string{"http=0.0.0.0:8080"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Workers != WorkerNumber(4) || len(c.Listen) != 1 || Last(c.Sections["Service"], "ExecStart") != "/usr/bin/web --flag" {
		t.Errorf("%+v", c)
	}
	if _, err := New("web", "/usr/bin/web\nUser=root", 4, []string{"http=80"}); err == nil {
		t.Error("a command line with a line break was taken")
	}
}

func TestIntOrPercent_RoundsAsKubernetesDoes(t *testing.T) {
	tests := []struct {
		value       string
		workers     int
		floor, ceil int
	}{
		{"1", 4, 1, 1}, {"25%", 4, 1, 1}, {"25%", 10, 2, 3}, {"34%", 3, 1, 2}, {"10%", 3, 0, 1}, {"100%", 7, 7, 7}, {"0%", 7, 0, 0},
	}
	for _, tt := range tests {
		i, err := ParseIntOrPercent(tt.value)
		if err != nil || i.Floor(tt.workers) != tt.floor || i.Ceil(tt.workers) != tt.ceil {
			t.Errorf("%s of %d: %d and %d (%v), want %d and %d", tt.value, tt.workers, i.Floor(tt.workers), i.Ceil(tt.workers), err, tt.floor, tt.ceil)
		}
	}
	for _, bad := range []string{"", "-1", "101%", "x", "1.5", "%"} {
		if i, err := ParseIntOrPercent(bad); err == nil {
			t.Errorf("%q was read as %s", bad, i)
		}
	}
}
