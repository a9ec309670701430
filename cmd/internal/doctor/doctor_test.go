package doctor

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/listener"
	"github.com/clusterctl/clusterctl/units/release"
	"github.com/clusterctl/clusterctl/units/rollout"
)

const (
	workerDropIn  = "/etc/systemd/system/web@.service.d/50-mine.conf"
	socketDropIn  = "/etc/systemd/system/web.socket.d/50-mine.conf"
	serviceDropIn = "/etc/systemd/system/web.service.d/50-mine.conf"
)

var now = time.Date(2026, 1, 31, 18, 0, 0, 0, time.UTC)

// healthy is a cluster of two workers in which everything holds.
func healthy() Cluster {
	loaded := func(name, sub string) units.Unit {
		return units.Unit{Name: name, LoadState: units.Loaded, ActiveState: units.Active, SubState: sub, Result: "success"}
	}
	c := Cluster{
		Cluster: units.Cluster{
			Name:    "web",
			Service: loaded("web.service", "exited"),
			Sockets: []units.Unit{loaded("web.socket", "running")},
			Listen:  []string{"127.0.0.1:8080"},
		},
		Now:   now,
		Setup: units.ServiceDetail{Detail: units.Detail{Unit: loaded("web.service", "exited"), UnitFileState: "enabled"}},
		SocketSetups: []units.SocketDetail{{
			Detail: units.Detail{Unit: loaded("web.socket", "running")}, Backlog: 4096, Streams: []string{"127.0.0.1:8080"},
		}},
		WorkerSetups:  make(map[string]units.ServiceDetail),
		Files:         make(map[string]string),
		Policy:        spec.DefaultPolicy(),
		Spec:          Spec{Path: "/etc/clusterctl/web.cluster", Workers: 2},
		Listening:     []listener.Socket{{Queue: listener.Queue{Address: "127.0.0.1:8080", Limit: 4096}, Inode: 7}},
		HeldByManager: map[uint64]bool{7: true},
		Held:          make(map[string]map[uint64]bool),
		SoMaxConn:     4096,
		Answers:       make(map[string]Answer),
		HasReleases:   true,
		Releases:      []release.Release{{Name: "v2", Size: 1000, Source: "/srv/v2"}, {Name: "v1", Size: 1000, Source: "/srv/v1"}},
		Links:         map[string]string{"1": "v2", "2": "v2"},
		Needed:        []string{"v2", "v1"},
		Free:          1 << 30,
		Dir:           "/var/lib/clusterctl/web/releases",
		Run:           &rollout.Run{Start: rollout.Start{Cluster: "web", Revision: 4, Workers: []string{"1", "2"}}, Started: now.Add(-time.Hour), Phase: rollout.Complete},
	}
	for _, instance := range []string{"1", "2"} {
		unit := loaded(units.WorkerName("web", instance), "running")
		c.Workers = append(c.Workers, units.Worker{Unit: unit, Instance: instance, Enabled: true, MainPID: 100})
		c.WorkerSetups[instance] = units.ServiceDetail{
			Detail: units.Detail{Unit: unit}, Type: "notify", NonBlocking: true,
			Watchdog: 10 * time.Second, TimeoutStart: 90 * time.Second, TimeoutStop: 35 * time.Second,
		}
		c.Held[instance] = map[uint64]bool{7: true}
		c.Answers[instance] = Answer{}
	}
	return c
}

// withDropIn is the cluster with a drop-in of its workers.
func (c *Cluster) withDropIn(path, text string) {
	c.Files[path] = text
	switch path {
	case serviceDropIn:
		c.Setup.DropInPaths = []string{path}
	case socketDropIn:
		c.SocketSetups[0].DropInPaths = []string{path}
	default:
		c.setWorkers(func(d *units.ServiceDetail) { d.DropInPaths = []string{path} })
	}
}

func (c *Cluster) setWorkers(set func(*units.ServiceDetail)) {
	for instance, d := range c.WorkerSetups {
		set(&d)
		c.WorkerSetups[instance] = d
	}
}

var oneFault = []struct {
	name  string
	cause func(*Cluster)
	want  string // check: subject: message; mend
}{
	{"a masked worker", func(c *Cluster) {
		c.Workers[1].LoadState, c.Workers[1].ActiveState = units.Masked, units.Inactive
	}, "masked: web@2.service: masked; systemctl unmask web@2.service && systemctl start web@2.service"},
	{"a worker that is masked until the next boot", func(c *Cluster) {
		c.Workers[1].LoadState, c.Workers[1].ActiveState = units.Masked, units.Inactive
		d := c.WorkerSetups["2"]
		d.UnitFileState = "masked-runtime"
		c.WorkerSetups["2"] = d
	}, "masked: web@2.service: masked; systemctl unmask --runtime web@2.service && systemctl start web@2.service"},
	{"a worker without a file", func(c *Cluster) {
		c.Workers[1].LoadState, c.Workers[1].ActiveState = units.NotFound, units.Inactive
	}, "missing: web@2.service: enabled, and without a unit file; systemctl disable web@2.service"},
	{"a socket without a file", func(c *Cluster) {
		c.Sockets[0].LoadState, c.SocketSetups[0].LoadState = units.NotFound, units.NotFound
		c.SocketSetups[0].Streams, c.SocketSetups[0].StartLimitInterval = nil, 10*time.Second
	}, "missing: web.socket: no unit file: the cluster has no listener; clusterctl generate /etc/clusterctl/web.cluster --install && systemctl restart web.socket && clusterctl rollout restart web"},
	{"files that changed", func(c *Cluster) {
		c.Service.NeedDaemonReload, c.Workers[0].NeedDaemonReload = true, true
	}, "daemon-reload: web.service, web@1.service: changed on the disk, and not read by systemd yet; systemctl daemon-reload"},
	{"drift", func(c *Cluster) { c.Spec.Drift = []string{"web@.service"} },
		"drift: web@.service: not what /etc/clusterctl/web.cluster says; clusterctl apply /etc/clusterctl/web.cluster"},
	{"a .cluster file with a fault", func(c *Cluster) { c.Spec.Err = errors.New("x:1: a\nx:2: b") },
		"drift: /etc/clusterctl/web.cluster: makes no units any more: x:1: a; x:2: b; clusterctl generate /etc/clusterctl/web.cluster --dry-run   # says it again when the file is mended"},
	{"a policy in a drop-in", func(c *Cluster) {
		c.withDropIn(serviceDropIn, "")
		c.PolicyErr = errors.New(serviceDropIn + ":2: MaxUnavailable: no")
	}, "policy: 50-mine.conf of web.service: not to be used: " + serviceDropIn + ":2: MaxUnavailable: no; rm " + serviceDropIn + " && systemctl daemon-reload"},
	{"a policy in the unit", func(c *Cluster) { c.PolicyErr = errors.New("/etc/systemd/system/web.service:2: no") },
		"policy: web.service: not to be used: /etc/systemd/system/web.service:2: no; clusterctl apply /etc/clusterctl/web.cluster"},

	{"a start limit in a drop-in", func(c *Cluster) {
		c.withDropIn(workerDropIn, "[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=1h\n")
		c.setWorkers(func(d *units.ServiceDetail) { d.StartLimitInterval = time.Hour })
	}, `start-limit: web@1.service, web@2.service: a start limit, wanted StartLimitIntervalSec=0; sed -i -e '/^[[:space:]]*StartLimitIntervalSec[[:space:]]*=/d' -e '/^[[:space:]]*StartLimitBurst[[:space:]]*=/d' ` + workerDropIn + " && systemctl daemon-reload"},
	{"a start limit of the socket, in its unit", func(c *Cluster) { c.SocketSetups[0].StartLimitInterval = time.Second },
		"start-limit: web.socket: a start limit, wanted StartLimitIntervalSec=0; clusterctl apply /etc/clusterctl/web.cluster"},
	{"a trigger limit", func(c *Cluster) {
		c.withDropIn(socketDropIn, "[Socket]\nTriggerLimitIntervalSec=2s\n")
		c.SocketSetups[0].TriggerLimitInterval = 2 * time.Second
	}, `trigger-limit: web.socket: a trigger limit, wanted TriggerLimitIntervalSec=0; sed -i -e '/^[[:space:]]*TriggerLimitIntervalSec[[:space:]]*=/d' ` + socketDropIn + " && systemctl daemon-reload"},
	{"blocking workers", func(c *Cluster) {
		c.withDropIn(workerDropIn, "[Service]\nNonBlocking=no\n")
		c.setWorkers(func(d *units.ServiceDetail) { d.NonBlocking = false })
	}, `non-blocking: web@1.service, web@2.service: NonBlocking=no, wanted yes; sed -i -e '/^[[:space:]]*NonBlocking[[:space:]]*=/d' ` + workerDropIn + " && systemctl daemon-reload && clusterctl rollout restart web"},
	{"a setting that is refused", func(c *Cluster) { c.withDropIn(workerDropIn, "[Service]\nNice=3\nRemainAfterExit=yes\n") },
		"override: " + workerDropIn + `:3: RemainAfterExit=yes can't be set in a cluster: a worker that has ended would count as ready; sed -i -e '/^[[:space:]]*RemainAfterExit[[:space:]]*=/d' ` + workerDropIn + " && systemctl daemon-reload"},
	{"a short stop in a drop-in", func(c *Cluster) {
		c.withDropIn(workerDropIn, "[Service]\nTimeoutSec=9s\n")
		c.setWorkers(func(d *units.ServiceDetail) { d.TimeoutStop = 9 * time.Second })
	}, `drain-time: web@1.service, web@2.service: killed after TimeoutStopSec=9s, and promised DrainSec=30s to drain; sed -i -e '/^[[:space:]]*TimeoutSec[[:space:]]*=/d' ` + workerDropIn + " && systemctl daemon-reload"},
	{"a long drain in a drop-in", func(c *Cluster) {
		c.withDropIn(serviceDropIn, "[X-Cluster]\nDrainSec=1min\n")
		c.Policy.DrainSec = time.Minute
	}, `drain-time: web@1.service, web@2.service: killed after TimeoutStopSec=35s, and promised DrainSec=1min to drain; sed -i -e '/^[[:space:]]*DrainSec[[:space:]]*=/d' ` + serviceDropIn + " && systemctl daemon-reload"},
	{"a program that says nothing", func(c *Cluster) {
		c.Workers[1].ActiveState, c.Workers[1].NRestarts = units.Activating, 3
	}, `notify: web@2.service: no READY=1 in time (Type=notify): killed and started again, for ever; mkdir -p /etc/clusterctl/web.cluster.d && printf '[Service]\nType=exec\n' > /etc/clusterctl/web.cluster.d/type.conf && clusterctl apply /etc/clusterctl/web.cluster   # for a program that can't say READY=1; Ready= in [Cluster] asks it instead`},
	{"no watchdog, and no .cluster file", func(c *Cluster) {
		c.Spec = Spec{}
		c.setWorkers(func(d *units.ServiceDetail) { d.Watchdog = 0 })
	}, `watchdog: web@1.service, web@2.service: no watchdog: who hangs, hangs for ever; mkdir -p /etc/systemd/system/web@.service.d && printf '[Service]\nWatchdogSec=10s\n' > /etc/systemd/system/web@.service.d/watchdog.conf && systemctl daemon-reload && clusterctl rollout restart web`},
	{"no watchdog", func(c *Cluster) { c.setWorkers(func(d *units.ServiceDetail) { d.Watchdog = 0 }) },
		`watchdog: web@1.service, web@2.service: no watchdog: who hangs, hangs for ever; mkdir -p /etc/clusterctl/web.cluster.d && printf '[Service]\nWatchdogSec=10s\n' > /etc/clusterctl/web.cluster.d/watchdog.conf && clusterctl apply /etc/clusterctl/web.cluster`},

	{"a socket that failed", func(c *Cluster) {
		c.SocketSetups[0].ActiveState, c.SocketSetups[0].Result = units.FailedState, "service-start-limit-hit"
		c.HeldByManager = map[uint64]bool{}
	}, "socket: web.socket: failed (result=service-start-limit-hit): a worker that starts gets no listener; systemctl restart web.socket && clusterctl rollout restart web"},
	{"a listener from before", func(c *Cluster) {
		c.Listening = append(c.Listening, listener.Socket{Queue: listener.Queue{Address: "127.0.0.1:8080", Limit: 4096}, Inode: 3})
		c.Held["2"] = map[uint64]bool{3: true}
	}, "listener: web@2.service: on the listener of 127.0.0.1:8080 from before web.socket was restarted; clusterctl rollout restart web"},
	{"no listener in a worker", func(c *Cluster) { c.Held["2"] = map[uint64]bool{99: true} },
		"listener: web@2.service: up, and without the listener on 127.0.0.1:8080; clusterctl rollout restart web"},
	{"a listener that nobody takes", func(c *Cluster) { c.Held["1"], c.Held["2"] = map[uint64]bool{9: true}, map[uint64]bool{9: true} },
		"listener: web.socket: no worker accepts from 127.0.0.1:8080: connections to it wait for ever; clusterctl logs web -n 50   # a worker of the library says which listener it did not take; Listen= names them"},
	{"no listener in systemd", func(c *Cluster) { c.HeldByManager = map[uint64]bool{99: true} },
		"listener: web.socket: active, and systemd holds no listener on 127.0.0.1:8080; systemctl restart web.socket && clusterctl rollout restart web"},
	{"a kernel that wants less", func(c *Cluster) { c.SoMaxConn, c.Listening[0].Limit = 128, 128 },
		"backlog: 127.0.0.1:8080: room for 128 waiting connections, and Backlog=4096 asks for more: net.core.somaxconn is 128; sysctl -w net.core.somaxconn=4096 && systemctl restart web.socket && clusterctl rollout restart web   # and in /etc/sysctl.d for the next boot"},
	{"a listener from before the kernel wanted more", func(c *Cluster) { c.Listening[0].Limit = 128 },
		"backlog: 127.0.0.1:8080: room for 128 waiting connections, and Backlog=4096 asks for more; systemctl restart web.socket && clusterctl rollout restart web"},

	{"a cluster that failed", func(c *Cluster) { c.Service.ActiveState, c.Service.Result = units.FailedState, "exit-code" },
		"cluster-down: web.service: failed (result=exit-code); systemctl restart web.service"},
	{"a cluster that is not started", func(c *Cluster) { c.Service.ActiveState = units.Inactive },
		"cluster-down: web.service: enabled, and not running; systemctl start web.service"},
	{"a cluster of the systemd generator that is not started", func(c *Cluster) {
		c.Service.ActiveState, c.Setup.UnitFileState, c.Spec.AtBoot = units.Inactive, "generated", true
	}, "cluster-down: web.service: enabled, and not running; systemctl start web.service"},
	{"a worker that is stopped", func(c *Cluster) { c.Workers[0].ActiveState = units.Inactive },
		"worker-down: web@1.service: enabled, and inactive (result=success); clusterctl start web@1"},
	{"a worker in a crash loop", func(c *Cluster) {
		w := &c.Workers[0]
		w.ActiveState, w.SubState, w.Result, w.ExecMainStatus, w.NRestarts = units.Activating, "auto-restart", "exit-code", 1, 9
	}, "worker-down: web@1.service: it ends again and again (result=exit-code, status=1), 9 restarts so far; clusterctl logs web@1 -n 50   # says why"},
	{"more workers than asked for", func(c *Cluster) { c.Spec.Workers = 1 },
		"worker-number: web@2.service: enabled, and /etc/clusterctl/web.cluster says Workers=1; clusterctl apply /etc/clusterctl/web.cluster"},
	{"fewer workers than asked for", func(c *Cluster) { c.Spec.Workers = 3 },
		"worker-number: web@3.service: not enabled, and /etc/clusterctl/web.cluster says Workers=3; clusterctl apply /etc/clusterctl/web.cluster"},
	{"a worker that is up and not enabled", func(c *Cluster) {
		c.Workers[1].Enabled, c.Spec.Workers = false, 0
	}, "worker-beyond: web@2.service: up, and not enabled; clusterctl stop web@2"},
	{"a worker that does not answer", func(c *Cluster) { c.Answers["2"] = Answer{Err: errors.New("no answer in 2s")} },
		"admin-socket: web@2.service: no answer: no answer in 2s; clusterctl restart web@2"},

	{"a link to nowhere", func(c *Cluster) { c.Links["2"] = "v3" },
		`release-unknown: web@2.service: on release "v3", which is not there; clusterctl deploy web v2`},
	{"no link", func(c *Cluster) { c.Links, c.Releases = nil, nil; c.Workers = c.Workers[:1]; c.Spec.Workers = 1 },
		`release-unknown: web@1.service: without a release; clusterctl deploy web ./DIRECTORY`},
	{"files that were changed, and their source", func(c *Cluster) {
		c.Changed, c.Sources = map[string]error{"v2": errors.New("its files were changed")}, map[string]bool{"v2": true}
	}, "release-changed: release v2: its files were changed; clusterctl deploy web /srv/v2 --name v2-again"},
	{"files that were changed", func(c *Cluster) { c.Changed = map[string]error{"v2": errors.New("its files were changed")} },
		"release-changed: release v2: its files were changed; clusterctl rollout undo web"},
	{"a full disk, and nothing to spare", func(c *Cluster) { c.Free = 1 << 20 },
		"disk: /var/lib/clusterctl/web/releases: 1 MB left, wanted 16 MB for the journals of rollouts; df -h /var/lib/clusterctl/web/releases   # every release is in use: make room there otherwise"},
	{"no room for a big release", func(c *Cluster) {
		c.Free, c.Needed = 40<<20, nil
		c.Releases[0].Size = 50 << 20
	}, "disk: /var/lib/clusterctl/web/releases: 40 MB left, wanted 50 MB for a release like v2; clusterctl releases web --prune 1"},

	{"a rollout without its engine", func(c *Cluster) { c.Run.Phase = rollout.Progressing },
		"rollout-interrupted: revision 4: interrupted, with 0 of 2 workers updated; clusterctl rollout resume web   # or, to go back: rollout abort"},
	{"a rollout that was told to stop", func(c *Cluster) { c.Run.Phase = rollout.Interrupted },
		"rollout-interrupted: revision 4: interrupted, with 0 of 2 workers updated; clusterctl rollout resume web   # or, to go back: rollout abort"},
	{"a rollout in the future", func(c *Cluster) { c.Run.Started = now.Add(2 * time.Hour) },
		"rollout-clock: revision 4: begun in the future, at " + now.Add(2*time.Hour).Local().Format(time.DateTime) + "; clusterctl rollout restart web   # records one of today; mind the clock: timedatectl"},
}

// Each fault is found by one check and by no other.
func TestExamine(t *testing.T) {
	caused := make(map[string]bool)
	for _, test := range oneFault {
		t.Run(test.name, func(t *testing.T) {
			c := healthy()
			test.cause(&c)
			var got []string
			for _, f := range Examine(c) {
				got = append(got, fmt.Sprintf("%s: %s: %s; %s", f.Check, f.Subject, f.Message, f.Mend))
				caused[f.Check] = true
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n"), test.want)
			}
		})
	}
	for _, check := range Checks {
		if check.cluster != nil && !caused[check.Name] {
			t.Errorf("no fault that %s finds", check.Name)
		}
	}
}

func TestExamine_Silent(t *testing.T) {
	for name, change := range map[string]func(*Cluster){
		"healthy": func(*Cluster) {},
		"stopped by somebody, and not enabled": func(c *Cluster) {
			c.Service.ActiveState, c.Setup.UnitFileState = units.Inactive, "disabled"
			c.Sockets[0].ActiveState, c.SocketSetups[0].ActiveState = units.Inactive, units.Inactive
			c.Listening, c.HeldByManager, c.Held = nil, map[uint64]bool{}, nil
			for i := range c.Workers {
				c.Workers[i].ActiveState = units.Inactive
			}
		},
		"lazy, of the systemd generator": func(c *Cluster) {
			c.Service.ActiveState, c.Setup.UnitFileState = units.Inactive, "generated"
			for i := range c.Workers {
				c.Workers[i].ActiveState = units.Inactive
			}
		},
		"a rollout at work": func(c *Cluster) {
			c.UnderWay, c.Run.Phase = true, rollout.Progressing
			c.Workers[0].ActiveState = units.Inactive
			c.Held["2"] = nil
			c.Workers = append(c.Workers, units.Worker{Unit: units.Unit{Name: "web@3.service", LoadState: units.Loaded, ActiveState: units.Active}, Instance: "3"})
		},
		"a worker that starts": func(c *Cluster) { c.Workers[0].ActiveState, c.Workers[0].SubState = units.Activating, "start" },
		"without root":         func(c *Cluster) { c.HeldByManager, c.Held, c.Answers = nil, nil, nil },
		"no library, no health": func(c *Cluster) {
			c.setWorkers(func(d *units.ServiceDetail) { d.Watchdog = 0 })
			c.Answers = map[string]Answer{"1": {Err: errors.New("nobody")}, "2": {Err: errors.New("nobody")}}
		},
		"a worker out of service": func(c *Cluster) {
			c.Answers["2"], c.Held["2"] = Answer{OutOfService: true}, map[uint64]bool{}
		},
		"as long a queue as there may be": func(c *Cluster) { c.SocketSetups[0].Backlog = math.MaxUint32 },
		"a drop-in that harms nobody":     func(c *Cluster) { c.withDropIn(workerDropIn, "[Service]\nNice=3\n") },
		"a held rollout":                  func(c *Cluster) { c.Run.Phase, c.UnderWay = rollout.Held, true },
		"no stop limit":                   func(c *Cluster) { c.setWorkers(func(d *units.ServiceDetail) { d.TimeoutStop = units.NoLimit }) },
	} {
		c := healthy()
		change(&c)
		if found := Examine(c); len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// What holds for many is said once, and mended at once.
func TestExamine_Many(t *testing.T) {
	c := healthy()
	c.Spec.Workers = 0
	for n := 3; n <= 8; n++ {
		instance := fmt.Sprint(n)
		down := units.Unit{Name: units.WorkerName("web", instance), LoadState: units.Loaded, ActiveState: units.Inactive, Result: "success"}
		c.Workers = append(c.Workers, units.Worker{Unit: down, Instance: instance, Enabled: true})
		c.Links[instance] = "v2"
	}
	found := Examine(c)
	if len(found) != 1 || found[0].Subject != "web@3.service, web@4.service, web@5.service, web@6.service and 2 more" ||
		found[0].Mend != "clusterctl start web@3 web@4 web@5 web@6 web@7 web@8" {
		t.Errorf("got %+v", found)
	}
}

// Commands are for the manager of the cluster, and for a shell.
func TestMend(t *testing.T) {
	c := healthy()
	c.User = true
	c.Spec.Path = "/home/o'neill/web.cluster"
	c.Workers[0].ActiveState, c.Spec.Drift = units.Inactive, []string{"web@.service"}
	var got []string
	for _, f := range Examine(c) {
		got = append(got, f.Mend)
	}
	want := []string{`clusterctl --user apply '/home/o'\''neill/web.cluster'`, "clusterctl --user start web@1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for i := range c.Workers {
		c.Workers[i].ActiveState = units.Inactive
	}
	c.Service.ActiveState = units.Inactive
	if got := Examine(c)[0].Mend; got != `clusterctl --user generate '/home/o'\''neill/web.cluster' --install` {
		t.Errorf("a cluster that is stopped stays so: %q", got)
	}
}

func TestExamineHost(t *testing.T) {
	for _, test := range []struct {
		host Host
		want string
	}{
		{Host{Systemd: 252, Now: now}, ""},
		{Host{Now: now}, ""},
		{Host{Systemd: 249, Now: now}, "systemd-version error systemd: version 249, wanted 252 or newer"},
		{Host{Systemd: 257, Now: now, Future: now.Add(30 * time.Second)}, ""},
		{Host{Systemd: 257, Now: now, Future: now.Add(time.Hour)}, "journal-clock warning journal: entries from the future, up to " + now.Add(time.Hour).Local().Format(time.DateTime)},
	} {
		got := ""
		for _, f := range ExamineHost(test.host) {
			got += fmt.Sprintf("%s %s %s: %s", f.Check, f.Severity, f.Subject, f.Message)
		}
		if got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// TestDocumentation holds the page against the checks: each has its heading, and
// below it why it matters, in the same words and order.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../dist/doc/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(page)
	for _, check := range Checks {
		want := fmt.Sprintf("\n### `%s` (%s)\n\n%s\n", check.Name, check.Severity, check.Why)
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Errorf("doctor.md lacks, or has not in this order:%s", want)
			continue
		}
		rest = after
	}
	if got := strings.Count(string(page), "\n### `"); got != len(Checks) {
		t.Errorf("doctor.md has %d checks, and there are %d", got, len(Checks))
	}
	names := make(map[string]bool)
	for _, check := range Checks {
		names[check.Name] = true
	}
	if len(names) != len(Checks) {
		t.Errorf("two checks have one name: %q", slices.Sorted(maps.Keys(names)))
	}
}
