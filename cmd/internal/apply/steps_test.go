package apply

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/units"
)

// cluster is one of two workers on one socket, with nothing left to do: systemd
// has read all at 10 s, the socket was started at 20 s, the workers at 30 s.
func cluster() Look {
	up := func(name string, started time.Duration) Unit {
		return Unit{LoadedUnit: units.LoadedUnit{
			Unit: units.Unit{Name: name, LoadState: units.Loaded, ActiveState: units.Active}, Started: started, Entered: started + time.Second,
		}}
	}
	return Look{
		Cluster: "web",
		Service: units.Unit{Name: "web.service", ActiveState: units.Active},
		Sockets: []Unit{up("web.socket", 20*time.Second)},
		Workers: []Worker{
			{Unit: up("web@1.service", 30*time.Second), Instance: "1", Wanted: true},
			{Unit: up("web@2.service", 30*time.Second), Instance: "2", Wanted: true},
		},
	}
}

func stopped(l *Look) {
	l.Service.ActiveState = units.Inactive
	l.Sockets[0].ActiveState = units.Inactive
	for i := range l.Workers {
		l.Workers[i].ActiveState = units.Inactive
	}
}

func TestSteps(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Look)
		want   string // verb and units, a step a word
	}{
		{"all as wanted", func(*Look) {}, ""},
		{"a new cluster", func(l *Look) {
			stopped(l)
			l.Write, l.Enable = []string{"/etc/web.service"}, []string{"web.service"}
		}, "write:/etc/web.service enable:web.service reload:systemd listen:web.socket start:web.service,web@1.service,web@2.service"},
		{"killed before systemd has read the files", func(l *Look) { stopped(l); l.Unread = true },
			"reload:systemd listen:web.socket start:web.service,web@1.service,web@2.service"},
		{"killed while it starts", func(l *Look) { l.Workers[1].ActiveState = units.Activating }, "start:web@2.service"},
		{"a worker is down", func(l *Look) { l.Workers[0].ActiveState = units.FailedState }, "start:web@1.service"},
		{"a worker in a crash loop", func(l *Look) { l.Workers[0].ActiveState, l.Workers[0].Waits = units.Activating, true }, "start:web@1.service"},
		{"the service alone is down", func(l *Look) { l.Service.ActiveState = units.Inactive }, "start:web.service"},
		{"lazy, and nobody has called", func(l *Look) { stopped(l); l.Lazy = true }, "listen:web.socket"},
		{"lazy, and up", func(l *Look) { l.Lazy = true; l.Workers[0].ActiveState = units.Inactive }, "start:web@1.service"},
		{"the policy", func(l *Look) { l.Write = []string{"/etc/web.service"} }, "write:/etc/web.service reload:systemd"},
		{"another text", func(l *Look) { l.Workers[1].Old = true }, "roll:web@1.service,web@2.service"},
		{"another text of a worker that is down", func(l *Look) { l.Workers[1].Old = true; l.Workers[1].ActiveState = units.FailedState }, "start:web@2.service"},
		{"another text, and one is down", func(l *Look) {
			l.Workers[0].Old, l.Workers[1].Old = true, true
			l.Workers[0].ActiveState, l.Workers[0].Waits = units.Activating, true
		}, "roll:web@1.service,web@2.service"},
		{"a worker more", func(l *Look) { l.Workers[1].ActiveState = units.Inactive; l.Enable = []string{"web@2.service"} },
			"enable:web@2.service reload:systemd start:web@2.service"},
		{"a worker less", func(l *Look) { l.Workers[1].Wanted = false; l.Disable = []string{"web@2.service"} },
			"disable:web@2.service reload:systemd drain:web@2.service"},
		{"killed before it was drained", func(l *Look) { l.Workers[1].Wanted = false }, "drain:web@2.service"},
		{"a worker less, that is down", func(l *Look) { l.Workers[1].Wanted = false; l.Workers[1].ActiveState = units.Inactive }, ""},
		{"a worker less, that crashes", func(l *Look) {
			l.Workers[1].Wanted, l.Workers[1].ActiveState, l.Workers[1].Waits = false, units.Activating, true
		}, "drain:web@2.service"},
		{"a listener has changed", func(l *Look) { l.Sockets[0].Old = true }, "renew:web.socket roll:web@1.service,web@2.service"},
		{"killed before the roll", func(l *Look) { l.Sockets[0].Started = 40 * time.Second }, "roll:web@1.service,web@2.service"},
		{"killed in the middle of the roll", func(l *Look) {
			l.Sockets[0].Started, l.Workers[0].Started = 40*time.Second, 50*time.Second
		}, "roll:web@1.service,web@2.service"},
		{"a listener is down", func(l *Look) { l.Sockets[0].ActiveState = units.FailedState }, "listen:web.socket roll:web@1.service,web@2.service"},
		{"a listener less", func(l *Look) { l.Workers[0].Old = true; l.Gone = []Unit{l.Sockets[0]}; l.Sockets = nil },
			"roll:web@1.service,web@2.service close:web.socket"},
		{"the first release is still to come", func(l *Look) {
			stopped(l)
			l.Workers[0].Homeless, l.Workers[1].Homeless = true, true
		}, "listen:web.socket"},
		{"a worker more, with releases", func(l *Look) {
			l.Workers[1].Homeless, l.Workers[1].ActiveState, l.Release = true, units.Inactive, "v2"
		}, "link:web@2.service start:web@2.service"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			look := cluster()
			tt.change(&look)
			var got []string
			for _, step := range Steps(look) {
				got = append(got, fmt.Sprintf("%s:%s", step.Verb, strings.Join(step.Units, ",")))
				if step.Why == "" {
					t.Errorf("%s has no reason", step.Verb)
				}
			}
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestLook_HomelessWorkersAreTold(t *testing.T) {
	look := cluster()
	look.Workers[1].Homeless = true
	if got := look.Homeless(); !slices.Equal(got, []string{"web@2.service"}) {
		t.Errorf("without a release: %q", got)
	}
	look.Release = "v1"
	if got := look.Homeless(); len(got) > 0 {
		t.Errorf("with a release to give: %q", got)
	}
}

func TestWaits(t *testing.T) {
	look := cluster()
	look.Sockets[0].Started, look.Sockets[0].Entered = 40*time.Second, 41*time.Second
	renewed := map[string]bool{"web.socket": true}
	if waits := Waits(look, renewed); len(waits) > 0 {
		t.Errorf("nobody has the listener yet: %v", waits)
	}
	look.Workers[0].Started, look.Workers[0].Entered = 50*time.Second, 52*time.Second
	look.Workers[1].Started, look.Workers[1].Entered = 42*time.Second, 44*time.Second
	want := []Wait{{"web.socket", "web@2.service", 3 * time.Second}}
	if waits := Waits(look, renewed); !slices.Equal(waits, want) {
		t.Errorf("got %v, want %v", waits, want)
	}
	if waits := Waits(look, nil); len(waits) > 0 {
		t.Errorf("a listener that was there before: %v", waits)
	}
}
