package overview

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/listener"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// healthy is a cluster of three workers in which nothing is wrong.
func healthy() Seen {
	seen := Seen{
		Cluster: units.Cluster{
			Name:    "web",
			Service: units.Unit{Name: "web.service", LoadState: units.Loaded, ActiveState: units.Active},
			Sockets: []units.Unit{{Name: "web.socket", LoadState: units.Loaded, ActiveState: units.Active}},
			Listen:  []string{"127.0.0.1:8080", "/run/web.sock"},
		},
		Queues:   []listener.Queue{{Address: "127.0.0.1:8080", Waiting: 1, Limit: 128, Dropped: 7}},
		Releases: map[string]string{"1": "v2", "2": "v2", "3": "v2"},
		Rollout:  &rollout.Run{Start: rollout.Start{Cluster: "web", Revision: 4, Workers: []string{"1", "2", "3"}, Release: "v2"}, Phase: rollout.Complete},
		Vitals:   map[string]units.Vitals{"1": {Since: time.Unix(1000, 0), Memory: 5 << 20, CPU: time.Second}},
		Answers:  make(map[string]Answer),
	}
	for _, instance := range []string{"1", "2", "3"} {
		inFlight := int64(2)
		seen.Workers = append(seen.Workers, units.Worker{
			Unit:     units.Unit{Name: units.WorkerName("web", instance), LoadState: units.Loaded, ActiveState: units.Active, SubState: "running"},
			Instance: instance, Enabled: true,
		})
		seen.Answers[instance] = Answer{
			Stats:     admin.Stats{State: admin.Ready, Services: map[string]admin.Service{"http": {InFlight: &inFlight}}},
			HasHealth: true,
		}
	}
	return seen
}

func TestOf_HealthyCluster(t *testing.T) {
	shown := Of(healthy())
	if shown.Wanted != 3 || shown.Ready != 3 || shown.Release != "v2" {
		t.Errorf("%d of %d ready, release %q", shown.Ready, shown.Wanted, shown.Release)
	}
	if len(shown.Problems) > 0 {
		t.Errorf("problems: %+v", shown.Problems)
	}
	if got := shown.Listeners; *got[0].Queue != (Queue{1, 128, 7}) || got[1].Queue != nil {
		t.Errorf("listeners: %+v", got)
	}
	if got := shown.Workers[0]; got.Memory != 5<<20 || !got.Since.Equal(time.Unix(1000, 0)) || *got.Numbers.InFlight != 2 || got.Health != "ok" {
		t.Errorf("worker 1: %+v", got)
	}
	if got := shown.Workers[1]; got.Since != nil || got.Numbers.Requests != nil {
		t.Errorf("worker 2 shows what was not read: %+v", got)
	}
}

func TestOf_Problems(t *testing.T) {
	answer := func(seen *Seen, change func(*Answer)) {
		a := seen.Answers["2"]
		change(&a)
		seen.Answers["2"] = a
	}
	for name, tt := range map[string]struct {
		change func(*Seen)
		want   string // subject: message; hint
		ready  int
	}{
		"failed service": {func(s *Seen) { s.Service.ActiveState, s.Service.Result = units.FailedState, "exit-code" },
			"web.service: failed (result=exit-code); systemctl status web.service", 3},
		"failed socket": {func(s *Seen) {
			s.Sockets[0].ActiveState, s.Sockets[0].Result = units.FailedState, "service-start-limit-hit"
		}, "web.socket: failed (result=service-start-limit-hit): a worker that starts gets no listener; systemctl restart web.socket", 3},
		"stopped socket": {func(s *Seen) { s.Sockets[0].ActiveState = units.Inactive },
			"web.socket: is inactive: a worker that starts gets no listener; systemctl start web.socket", 3},
		"stopped cluster": {func(s *Seen) {
			s.Service.ActiveState, s.Sockets[0].ActiveState = units.Inactive, units.Inactive
			s.Workers[0].ActiveState = units.Inactive
			delete(s.Answers, "1")
		}, "", 2},
		"changed file": {func(s *Seen) { s.Workers[1].NeedDaemonReload, s.Workers[2].NeedDaemonReload = true, true },
			"web@2.service: its file has changed, and systemd has not read it yet; systemctl daemon-reload", 3},
		"full queue": {func(s *Seen) { s.Queues[0].Waiting = 128 },
			"127.0.0.1:8080: the accept queue is full: 128 connections wait, and the next is dropped; clusterctl scale web +1", 3},
		"held": {func(s *Seen) { s.Rollout.Phase, s.Rollout.Reason = rollout.Held, rollout.Paused },
			`revision 4: rollout of "web" to revision 4 (release "v2") is held: 0 of 3 workers updated, paused; clusterctl rollout resume web   # or: rollout abort`, 3},
		"two releases": {func(s *Seen) { s.Releases["3"] = "v1" },
			"web.service: its workers run different releases: v2, v1; clusterctl rollout undo web   # or: deploy", 3},
		"two releases in a rollout": {func(s *Seen) { s.Releases["3"], s.Rollout.Phase = "v1", rollout.Progressing }, "", 3},
		"crash loop": {func(s *Seen) {
			s.Workers[1].ActiveState, s.Workers[1].SubState = units.Activating, "auto-restart"
			s.Workers[1].Result, s.Workers[1].ExecMainStatus, s.Workers[1].NRestarts = "exit-code", 3, 12
			delete(s.Answers, "2")
		}, "web@2.service: ended (result=exit-code, status=3) and is about to be started again, after 12 restarts; clusterctl logs web@2 -n 50", 2},
		"crash loop, in the next start": {func(s *Seen) {
			s.Workers[1].ActiveState, s.Workers[1].SubState, s.Workers[1].NRestarts = units.Activating, "start", 1
			delete(s.Answers, "2")
		}, "web@2.service: is starting again, after 1 restart; clusterctl logs web@2 -n 50", 2},
		"first start": {func(s *Seen) {
			s.Workers[1].ActiveState, s.Workers[1].SubState = units.Activating, "start"
			delete(s.Answers, "2")
		}, "", 2},
		"stopped worker": {func(s *Seen) { s.Workers[1].ActiveState = units.Inactive; delete(s.Answers, "2") },
			"web@2.service: is enabled, and stopped; clusterctl start web@2", 2},
		"stopped extra worker": {func(s *Seen) {
			s.Workers[1].ActiveState, s.Workers[1].Enabled = units.Inactive, false
			delete(s.Answers, "2")
		}, "", 2},
		"out of service": {func(s *Seen) { answer(s, func(a *Answer) { a.Stats.State = admin.Drained }) },
			"web@2.service: is out of service (drained); clusterctl undrain web@2", 2},
		"sick": {func(s *Seen) { answer(s, func(a *Answer) { a.Health = errors.New("503: no database") }) },
			"web@2.service: is not healthy: 503: no database; clusterctl logs web@2 -n 50", 3},
		"not for this user": {func(s *Seen) {
			answer(s, func(a *Answer) { a.Health, a.StatsErr = fs.ErrPermission, fs.ErrPermission })
		}, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			seen := healthy()
			tt.change(&seen)
			shown := Of(seen)
			var got []string
			for _, p := range shown.Problems {
				got = append(got, fmt.Sprintf("%s: %s; %s", p.Subject, p.Message, p.Hint))
			}
			if strings.Join(got, "\n") != tt.want || shown.Ready != tt.ready {
				t.Errorf("got %q with %d ready\nwant %q with %d", got, shown.Ready, tt.want, tt.ready)
			}
		})
	}
}
