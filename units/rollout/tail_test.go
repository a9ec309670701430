package rollout

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A watcher may read at any moment, so also in the middle of a line.
func TestTail_SeesEachEntryOnceWhereverAWriteIsCut(t *testing.T) {
	var journal bytes.Buffer
	entries := []Entry{
		{Kind: KindStart, Time: time.Unix(1, 0), Start: &Start{Cluster: "web", Revision: 1, Workers: []string{"1"}}},
		{Kind: KindDecision, Time: time.Unix(2, 0), Do: []Action{{Instance: "1"}}, Phase: Progressing},
		{Kind: KindDecision, Time: time.Unix(3, 0), Available: []string{"1"}, Phase: Complete},
	}
	for _, entry := range entries {
		if err := json.NewEncoder(&journal).Encode(entry); err != nil {
			t.Fatal(err)
		}
	}
	for cut := range journal.Len() + 1 {
		history := History{Dir: t.TempDir()}
		path := filepath.Join(history.Dir, "1.jsonl")
		if err := os.WriteFile(path, journal.Bytes()[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		tail, err := history.Tail(1)
		if err != nil {
			t.Fatal(err)
		}
		var seen []Kind
		report := func(entry Entry, _ Run) { seen = append(seen, entry.Kind) }
		if _, err := tail.Each(report); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if err := os.WriteFile(path, journal.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		run, err := tail.Each(report)
		tail.Close()
		if err != nil || len(seen) != len(entries) || run.Phase != Complete {
			t.Fatalf("cut at %d: saw %q, the run is %q, error %v", cut, seen, run.Phase, err)
		}
	}
}

// After a power cut the file may end anywhere: what is whole counts, and the
// next entry stands on a line of its own.
func TestReopen_TakesATornLineAway(t *testing.T) {
	history := History{Dir: t.TempDir()}
	journal, _, err := history.Next()
	if err != nil {
		t.Fatal(err)
	}
	start := Entry{Kind: KindStart, Time: time.Unix(1, 0), Start: &Start{Cluster: "web", Revision: 1, Request: "r"}}
	if err := journal.Append(start, Entry{Kind: KindJob, Instance: "1"}); err != nil {
		t.Fatal(err)
	}
	journal.Close()
	whole, err := os.ReadFile(history.path(1))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(history.path(1), whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		journal, entries, err := history.Reopen(1)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if want := bytes.Count(whole[:cut], []byte("\n")); len(entries) != want {
			t.Errorf("cut at %d: %d entries, wanted %d", cut, len(entries), want)
		}
		err = journal.Append(Entry{Kind: KindResume, Time: time.Unix(2, 0)})
		journal.Close()
		if _, readErr := history.Read(1); err != nil || readErr != nil {
			t.Fatalf("cut at %d: %v, %v", cut, err, readErr)
		}
	}
}
