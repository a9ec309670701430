package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// tellRollout reports a rollout of two workers, whose second fails and is taken
// back with the first.
func tellRollout(p *progress) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	policy := spec.DefaultPolicy()
	bad := rollout.Cause{Reason: rollout.JobFailed, Worker: "2", Message: "the restart job failed"}
	restart := func(id int, instance string) rollout.Action {
		return rollout.Action{ID: id, Instance: instance, Verb: rollout.Restart, Release: "v2", From: "v1"}
	}
	var entries []rollout.Entry
	for _, entry := range []rollout.Entry{
		{Kind: rollout.KindStart, Start: &rollout.Start{Cluster: "web", Revision: 7, Policy: policy, Workers: []string{"1", "2"}, Release: "v2"}},
		{Kind: rollout.KindDecision, Phase: rollout.Progressing, Do: []rollout.Action{restart(1, "1")}},
		{Kind: rollout.KindJob, ID: 1, Instance: "1", Result: units.JobDone},
		{Kind: rollout.KindDecision, Phase: rollout.Progressing, Available: []string{"1"}, Do: []rollout.Action{restart(2, "2")}},
		{Kind: rollout.KindResume},
		{Kind: rollout.KindJob, ID: 2, Instance: "2", Result: units.JobFailed},
		{Kind: rollout.KindDecision, Phase: rollout.RollingBack, Cause: bad},
		{Kind: rollout.KindDecision, Phase: rollout.RollingBack, Cause: bad, Do: []rollout.Action{restart(3, "1"), restart(4, "2")}},
		{Kind: rollout.KindDecision, Phase: rollout.RolledBack, Cause: bad, Available: []string{"1", "2"}},
	} {
		at = at.Add(time.Second)
		entry.Time = at
		entries = append(entries, entry)
		p.report(entry, rollout.Fold(entries))
	}
	p.close()
}

func TestProgress_PlainLines(t *testing.T) {
	var out bytes.Buffer
	tellRollout(newProgress(&out, ""))
	const want = `rollout of "web" to revision 7: 2 workers, at most 1 at a time
restarting web@1.service
web@1.service updated (1 of 2)
restarting web@2.service
the rollout goes on after the end of its engine
going back: worker "web@2.service": the restart job failed
restarting web@1.service, web@2.service
web@1.service, web@2.service went back
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// On a terminal what goes on now is written over by what has come of it.
func TestProgress_OnATerminal(t *testing.T) {
	var out bytes.Buffer
	tellRollout(&progress{out: &out, tty: true})
	const over = "\r\x1b[K"
	want := strings.Join([]string{
		"rollout of \"web\" to revision 7: 2 workers, at most 1 at a time\n",
		"restarting web@1.service ...", over,
		"web@1.service updated (1 of 2)\n",
		"restarting web@2.service ...", over,
		"the rollout goes on after the end of its engine\n",
		"going back: worker \"web@2.service\": the restart job failed\n",
		"restarting web@1.service, web@2.service ...", over,
		"web@1.service, web@2.service went back\n",
	}, "")
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out.String(), want)
	}
}

func TestProgress_JSONHasAnEventALine(t *testing.T) {
	var out bytes.Buffer
	tellRollout(newProgress(&out, "json"))
	var kinds []string
	for line := range strings.Lines(out.String()) {
		var event struct {
			Cluster, Kind, Sentence string
			Revision                int
			Time                    time.Time
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if event.Cluster != "web" || event.Revision != 7 || event.Sentence == "" || event.Time.IsZero() {
			t.Errorf("an event without what every one has: %s", line)
		}
		kinds = append(kinds, event.Kind)
	}
	if got, want := strings.Join(kinds, " "), "start decision job decision resume job decision decision decision"; got != want {
		t.Errorf("events: %s, want %s", got, want)
	}
}
