package events

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/units/rollout"
)

var update = flag.Bool("update", false, "write the golden files anew")

// decode is an entry of a test, given as JSON.
func decode(t *testing.T, line []byte) journal.Entry {
	t.Helper()
	e, err := journal.Decode(line)
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return e
}

// What the three versions of systemd wrote when a cluster of four was started,
// rolled, one worker restarted, one killed, one stopped so that it hung, one
// made to crash in a loop, one stopped and started, and all was stopped.
func TestRecordedJournals(t *testing.T) {
	for _, version := range []string{"252", "257", "262"} {
		t.Run(version, func(t *testing.T) {
			recorded, err := os.ReadFile(filepath.Join("testdata", version+".jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			reader := Reader{Cluster: "web"}
			var got bytes.Buffer
			for line := range bytes.Lines(recorded) {
				if e, ok := reader.Read(decode(t, line)); ok {
					fmt.Fprintf(&got, "%s %s: %s\n", e.Unit, e.Kind, e.Message)
				}
			}
			golden := filepath.Join("testdata", version+".golden")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got:\n%swant:\n%s", &got, want)
			}
		})
	}
}

// The same story is told on each version.
func TestVersionsAgree(t *testing.T) {
	first, err := os.ReadFile("testdata/252.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"257", "262"} {
		other, err := os.ReadFile("testdata/" + version + ".golden")
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range []string{
			"web@1.service crashed: was killed by signal 9 (KILL)",
			"web@2.service watchdog: hung: it did not feed the watchdog, and was killed",
			"web@3.service crashed: exited with status 1 (FAILURE)",
			"web.service stopped: ",
		} {
			if a, b := strings.Count(string(first), event), strings.Count(string(other), event); a != b || a == 0 {
				t.Errorf("%q: %d times on 252, %d times on %s", event, a, b, version)
			}
		}
	}
}

// Entries that the sandboxes can't cause (no memory controller) or rarely do, as
// systemd's source writes them.
func TestReader(t *testing.T) {
	const about = `"__REALTIME_TIMESTAMP":"1","_PID":"1","UNIT":"web@1.service",`
	tests := []struct {
		name    string
		entries []string
		want    []string
	}{
		{"killed by the kernel, told once", []string{
			about + `"MESSAGE_ID":"fe6faa94e7774663a0da52717891d8ef"`,
			about + `"MESSAGE_ID":"98e322203f7a4ed290d09fe03c09fe15","EXIT_CODE":"killed","EXIT_STATUS":"9","COMMAND":"ExecStart","MESSAGE":"x: Main process exited, code=killed, status=9/KILL"`,
			about + `"MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","UNIT_RESULT":"oom-kill"`,
		}, []string{"oom-kill: a process of it was killed by the kernel, for memory was short"}},
		{"killed by systemd-oomd", []string{
			about + `"MESSAGE_ID":"d989611b15e44c9dbf31e3c81256e4ed"`,
		}, []string{"oom-kill: a process of it was killed by systemd-oomd, for memory was short"}},
		{"a result alone", []string{
			about + `"MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","UNIT_RESULT":"oom-kill"`,
			about + `"MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","UNIT_RESULT":"timeout"`,
			about + `"MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","UNIT_RESULT":"protocol"`,
			about + `"MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","UNIT_RESULT":"resources"`,
			about + `"MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","UNIT_RESULT":"core-dump"`,
		}, []string{
			"oom-kill: ended, for memory was short",
			"timeout: did not start or stop in time, and was killed",
			"failed: ended before it said READY=1, or did not keep to its Type= otherwise",
			"failed: failed (resources)",
			"crashed: ended (core-dump)",
		}},
		{"a start that waited for another unit in vain", []string{
			about + `"MESSAGE_ID":"be02cf6855d2428ba40df7e9d022f03d","JOB_TYPE":"start","JOB_RESULT":"dependency"`,
		}, []string{"failed: its start was not done (dependency)"}},
		{"what an operator did", []string{
			`"__REALTIME_TIMESTAMP":"1","_UID":"0","OBJECT_SYSTEMD_UNIT":"web.service","MESSAGE_ID":"08a81988932b4c8f802bd8f8a2e1b53d","MESSAGE":"from 4 to 6 workers, by alice","_SYSTEMD_UNIT":"session-3.scope"`,
			`"__REALTIME_TIMESTAMP":"1","_UID":"0","OBJECT_SYSTEMD_UNIT":"web@3.service","MESSAGE_ID":"785a4f6c43a84ee29c4b61126146169c","MESSAGE":"taken out of service, by alice"`,
			`"__REALTIME_TIMESTAMP":"1","_UID":"1000","USER_UNIT":"web@3.service","MESSAGE_ID":"944ac11cd2034cec90b75c25c9efbdcb","MESSAGE":"put back into service, by bob"`,
		}, []string{"scaled: from 4 to 6 workers, by alice", "drained: taken out of service, by alice", "undrained: put back into service, by bob"}},
		{"what somebody claims that an operator did", []string{
			`"__REALTIME_TIMESTAMP":"1","_UID":"1000","OBJECT_SYSTEMD_UNIT":"web.service","MESSAGE_ID":"08a81988932b4c8f802bd8f8a2e1b53d","_SYSTEMD_UNIT":"session-3.scope"`,
			`"__REALTIME_TIMESTAMP":"1","_UID":"1000","_SYSTEMD_UNIT":"web@1.service","MESSAGE_ID":"785a4f6c43a84ee29c4b61126146169c"`,
		}, nil},
		{"a worker that claims to be systemd", []string{
			`"__REALTIME_TIMESTAMP":"1","_PID":"77","UNIT":"web@2.service","_SYSTEMD_UNIT":"web@1.service","MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf"`,
		}, nil},
		{"a user's manager", []string{
			`"__REALTIME_TIMESTAMP":"1","_PID":"900","USER_UNIT":"web@1.service","_SYSTEMD_UNIT":"user@1000.service","MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf","JOB_TYPE":"start","JOB_RESULT":"done"`,
		}, []string{"started: "}},
		{"another cluster, an admin socket", []string{
			`"__REALTIME_TIMESTAMP":"1","_PID":"1","UNIT":"shop@1.service","MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf"`,
			`"__REALTIME_TIMESTAMP":"1","_PID":"1","UNIT":"web-admin@1.socket","MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf"`,
		}, nil},
		{"an ExecStartPost= that failed is not its exit", []string{
			about + `"MESSAGE_ID":"98e322203f7a4ed290d09fe03c09fe15","EXIT_CODE":"exited","EXIT_STATUS":"1","COMMAND":"ExecStartPost"`,
			about + `"MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","UNIT_RESULT":"exit-code"`,
		}, []string{"crashed: ended (exit-code)"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reader := Reader{Cluster: "web"}
			var got []string
			for _, line := range test.entries {
				if e, ok := reader.Read(decode(t, []byte("{"+line+"}"))); ok {
					got = append(got, string(e.Kind)+": "+e.Message)
				}
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestRolloutReader(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	start := rollout.Start{Cluster: "web", Revision: 3, By: "alice", Workers: []string{"1", "2"}, Release: "v2"}
	entries := []rollout.Entry{
		{Kind: rollout.KindStart, Start: &start},
		{Kind: rollout.KindDecision, Phase: rollout.Progressing, Do: []rollout.Action{{ID: 1, Instance: "1", Verb: rollout.Restart}}},
		{Kind: rollout.KindJob, ID: 1, Instance: "1", Result: "done"},
		{Kind: rollout.KindRequest, Request: rollout.Pause},
		{Kind: rollout.KindDecision, Phase: rollout.Held, Available: []string{"1"}, Cause: rollout.Cause{Reason: rollout.Paused}},
		{Kind: rollout.KindResume},
		{Kind: rollout.KindDecision, Phase: rollout.Progressing},
		{Kind: rollout.KindDecision, Phase: rollout.Complete},
	}
	want := []string{
		`revision 3 began: release "v2" to 2 workers, asked for by alice`,
		`revision 3 was asked to pause`,
		`rollout of "web" to revision 3 (release "v2") is held: 1 of 2 workers updated, paused`,
		`revision 3 goes on after the end of its engine`,
		`cluster "web" successfully rolled out: revision 3 (release "v2"), 2 workers in 7.00 s`,
	}
	var reader RolloutReader
	var got []string
	for i := range entries {
		entries[i].Time = at.Add(time.Duration(i) * time.Second)
		run := rollout.Fold(entries[:i+1])
		if e, ok := reader.Read(entries[i], run); ok {
			got = append(got, e.Message)
			if e.Kind != Rollout || e.Revision != 3 || !e.Time.Equal(entries[i].Time) {
				t.Errorf("event %+v", e)
			}
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func FuzzReader(f *testing.F) {
	for _, version := range []string{"252", "262"} {
		recorded, err := os.ReadFile(filepath.Join("testdata", version+".jsonl"))
		if err != nil {
			f.Fatal(err)
		}
		lines := bytes.SplitAfter(recorded, []byte("\n"))
		for i := range 20 {
			f.Add(bytes.Join(lines[i*4:i*4+4], nil))
		}
	}
	f.Fuzz(func(t *testing.T, lines []byte) {
		reader := Reader{Cluster: "web"}
		for line := range bytes.Lines(lines) {
			entry, err := journal.Decode(line)
			if err != nil {
				continue
			}
			event, ok := reader.Read(entry)
			if ok && (event.Kind == "" || !entry.Manager && operated(entry) == "" || event.Unit != entry.Unit) {
				t.Errorf("event %+v of entry %+v", event, entry)
			}
		}
	})
}
