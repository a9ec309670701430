package top

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
	"github.com/clusterctl/clusterctl/units/rollout"
)

var update = flag.Bool("update", false, "write the golden screens anew")

func number(n int64) *int64 { return &n }

// snapshot are two clusters that have been at work for so many seconds: web is
// busy and in a rollout, api has nothing to do.
func snapshot(seconds int) Snapshot {
	web := overview.Cluster{
		Name: "web", ActiveState: units.Active, Wanted: 4, Ready: 2, Release: "v2",
		Rollout:   &overview.Rollout{Revision: 7, Phase: rollout.Progressing, Updated: 1, Total: 4, Sentence: `Waiting for rollout of "web" to finish: 1 of 4 workers updated, web@2.service under way...`},
		Listeners: []overview.Listener{{Address: "0.0.0.0:8080", Queue: &overview.Queue{Waiting: 3, Limit: 4096, Dropped: 12}}, {Address: "/run/web.sock"}},
		Problems:  []overview.Problem{{Subject: "web@3.service", Message: "is out of service (drained)"}},
	}
	for i, perSecond := range []int64{300, 100, 0, 0} {
		w := overview.Worker{
			Unit: units.WorkerName("web", strconv.Itoa(i+1)), Instance: strconv.Itoa(i + 1), ActiveState: units.Active, SubState: "running",
			Says: admin.Ready, Release: "v2", MainPID: uint32(100 + i), Memory: 40 << 20, CPU: time.Second + time.Duration(seconds)*250*time.Millisecond, Health: "ok", Asked: true,
			Numbers: admin.Service{Requests: number(perSecond * int64(seconds)), Errors: number(int64(i * seconds)), InFlight: number(int64(i)), Connections: number(5)},
		}
		web.Workers = append(web.Workers, w)
	}
	web.Workers[1].Health = "503: no database"
	web.Workers[2].Says = admin.Drained
	web.Workers[3] = overview.Worker{Unit: "web@4.service", Instance: "4", ActiveState: units.FailedState, SubState: "failed", Result: "exit-code", Release: "v2"}
	api := overview.Cluster{Name: "api", ActiveState: units.Active, Wanted: 2, Ready: 2}
	for _, instance := range []string{"1", "2"} {
		api.Workers = append(api.Workers, overview.Worker{Unit: units.WorkerName("api", instance), Instance: instance, ActiveState: units.Active, SubState: "running", MainPID: 7, CPU: time.Second})
	}
	return Snapshot{At: time.Date(2026, 1, 2, 3, 4, seconds, 0, time.UTC), Clusters: []overview.Cluster{api, web}}
}

func shown(width, height int) Model {
	m := Model{Interval: 2 * time.Second, Width: width, Height: height}
	return m.See(Looked{Snapshot: snapshot(10)}).See(Looked{Snapshot: snapshot(12)})
}

func press(m Model, keys ...string) Model {
	for _, key := range keys {
		m, _ = m.Press(key)
	}
	return m
}

func TestView(t *testing.T) {
	coloured := shown(100, 24)
	coloured.Colour = true
	for name, m := range map[string]Model{
		"wide":           shown(120, 24),
		"usual":          shown(80, 24),
		"narrow":         shown(40, 24),
		"tiny":           shown(20, 5),
		"low_at_the_end": press(shown(80, 12), "end"),
		"colours":        coloured,
		"asks":           press(shown(80, 24), "down", "down", "d"),
		"refuses":        press(shown(80, 24), "p"),
		"after_a_no":     press(shown(80, 24), "r", "n"),
		"before_a_look":  {Width: 80, Height: 6},
		"no_clusters":    Model{Width: 80, Height: 6, Interval: time.Second}.See(Looked{Snapshot: Snapshot{At: time.Unix(0, 0).UTC()}}),
		"systemd_away":   shown(80, 24).See(Looked{Err: errors.New("systemd is not reachable: no message bus\nand more")}),
		"a_result":       shown(80, 24).Hear(Ended{Output: "web@3.service is out of service\n"}),
		"a_failure":      shown(80, 24).Hear(Ended{Output: "clusterctl: cluster \"web\": no\nhint: do\n", Err: errors.New("exit status 6")}),
	} {
		t.Run(name, func(t *testing.T) {
			got := m.View()
			lines := strings.Split(got, "\n")
			if len(lines) != m.Height {
				t.Errorf("%d lines on a screen of %d", len(lines), m.Height)
			}
			for _, line := range lines {
				if width := utf8.RuneCountInString(line); !m.Colour && width > m.Width {
					t.Errorf("%d characters in a line of %d: %q", width, m.Width, line)
				}
			}
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got+"\n" != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
