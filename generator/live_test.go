package generator

import (
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/sandbox"
)

// asleep is what a worker of a fixture does in place of its command.
const asleep = "[Service]\nType=exec\nExecStart=\nExecStart=/usr/bin/sleep infinity\n"

// fixturesLive starts a worker of each fixture that says what a live unit is to
// have. All listen at one port: their sockets share it.
func fixturesLive(t *testing.T, s *sandbox.Sandbox) {
	version := versionIn(t, run(t, s, "systemd-analyze", "--version"))
	var started []fixture
	start := []string{"systemctl", "start"}
	for _, f := range fixtures(t) {
		if len(f.live) == 0 || f.options.systemd() > version {
			continue
		}
		f.source.Path = f.name + ".cluster"
		f.options.Systemd = version
		files, err := f.generate()
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		for _, file := range files {
			writeUnit(t, s, file)
		}
		writeUnit(t, s, File{Name: f.name + "@.service.d/asleep.conf", Data: []byte(asleep)})
		start = append(start, f.name+".socket", f.name+"@1.service")
		started = append(started, f)
	}
	run(t, s, "systemctl", "daemon-reload")
	run(t, s, start...)
	for _, f := range started {
		for _, line := range f.live {
			unit, property, _ := strings.Cut(strings.ReplaceAll(line, "-web", "-"+f.name), " ")
			unit = strings.Replace(unit, "web", f.name, 1)
			name, want, _ := strings.Cut(property, "=")
			got := strings.TrimSpace(run(t, s, "systemctl", "show", "--value", "--property="+name, unit))
			if got != want && !slices.Contains(strings.Fields(got), want) {
				t.Errorf("%s: %s has %s=%s, wanted %s", f.name, unit, name, got, want)
			}
		}
		if state := strings.TrimSpace(run(t, s, "systemctl", "show", "--value", "--property=ActiveState", f.name+"@1.service")); state != "active" {
			t.Errorf("%s: its worker is %s", f.name, state)
		}
	}
	t.Logf("%d fixtures are live", len(started))
	run(t, s, append([]string{"systemctl", "stop"}, start[2:]...)...)
}
