package apply

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

const worker, socket = "web@1.service", "web.socket"

// A worker runs another text if it was started before systemd had read the one
// that its files have.
func TestRecord_IsOld(t *testing.T) {
	text := func(worker, socket string) map[string]string {
		return map[string]string{"web@1.service": worker, "web.socket": socket}
	}
	at := func(s int) time.Duration { return time.Duration(s) * time.Second }
	first := Record{}.Observe("boot1", at(10), text("a", "s"))
	tests := []struct {
		name    string
		record  Record
		unit    string
		started time.Duration
		digest  string
		old     bool
	}{
		{"nobody has looked at it yet, and it is younger than the last reload", first, worker, at(11), "a", false},
		{"nobody has looked at it yet, and it is older", first, worker, at(9), "a", true},
		{"a socket that nobody has looked at is taken as it is", first, socket, at(9), "s", false},
		{"a reload that changes nothing", first.Observe("boot1", at(20), text("a", "s")), worker, at(11), "a", false},
		{"a text that is still to be read", first, worker, at(11), "b", true},
		{"another text", first.Observe("boot1", at(20), text("b", "s")), worker, at(11), "b", true},
		{"another text, and it was restarted", first.Observe("boot1", at(20), text("b", "s")), worker, at(21), "b", false},
		{"another text of a socket", first.Observe("boot1", at(20), text("a", "t")), socket, at(11), "t", true},
		{"a further reload", first.Observe("boot1", at(20), text("b", "s")).Observe("boot1", at(30), text("b", "s")), worker, at(21), "b", false},
		{"after a boot, whose clock begins anew", first.Observe("boot2", 0, text("a", "s")), worker, at(5), "a", false},
		{"after a boot and a reload", first.Observe("boot2", at(20), text("a", "s")), worker, at(5), "a", false},
		{"after a boot with another text", first.Observe("boot2", 0, text("b", "s")), worker, at(5), "b", false},
		{"after a boot, and another text since", first.Observe("boot2", at(20), text("b", "s")), worker, at(5), "b", true},
		{"met before its first change", Record{}.Meet("boot1", text("a", "s")).Observe("boot1", at(20), text("a", "s")), worker, at(11), "a", true},
		{"a socket met before another changes", Record{}.Meet("boot1", text("a", "s")).Observe("boot1", at(20), text("a", "s")), socket, at(11), "s", false},
		{"a socket met before its change", Record{}.Meet("boot1", text("a", "s")).Observe("boot1", at(20), text("a", "t")), socket, at(11), "t", true},
		{"who is known is not met again", first.Meet("boot1", text("b", "t")), worker, at(11), "a", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if old := tt.record.IsOld(tt.unit, tt.started, tt.digest); old != tt.old {
				t.Errorf("old: %v, want %v (%+v)", old, tt.old, tt.record)
			}
		})
	}
}

func TestRecord_ComesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "web")
	if empty, err := ReadRecord(dir); err != nil || len(empty.Units) > 0 {
		t.Errorf("%+v, %v", empty, err)
	}
	if err := (Record{}).Observe("boot1", time.Second, map[string]string{worker: "a"}).Write(dir); err != nil {
		t.Fatal(err)
	}
	record, err := ReadRecord(dir)
	if err != nil || record.Boot != "boot1" || record.Units[worker] != (Text{"a", time.Second}) {
		t.Errorf("%+v, %v", record, err)
	}
	if err := os.WriteFile(filepath.Join(dir, recordFile), []byte("{torn"), 0o644); err != nil {
		t.Fatal(err)
	}
	if torn, err := ReadRecord(dir); err != nil || len(torn.Units) > 0 {
		t.Errorf("a torn record is none: %+v, %v", torn, err)
	}
}

func TestDigest_CountsWhatSystemdReads(t *testing.T) {
	dir := t.TempDir()
	digest := func(texts ...string) string {
		t.Helper()
		var files []string
		for i, text := range texts {
			files = append(files, filepath.Join(dir, string(rune('a'+i))+".conf"))
			if err := os.WriteFile(files[i], []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		sum, err := Digest(files)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	base := digest("[Service]\nNice=1\n")
	for name, tt := range map[string]struct {
		texts []string
		same  bool
	}{
		"comments":          {[]string{"# hello\n\n[Service]\n; there\nNice=1  \n"}, true},
		"a value":           {[]string{"[Service]\nNice=2\n"}, false},
		"a drop-in":         {[]string{"[Service]\nNice=1\n", "[Service]\nNice=1\n"}, false},
		"an empty drop-in":  {[]string{"[Service]\nNice=1\n", ""}, false},
		"the same in two":   {[]string{"[Service]\n", "Nice=1\n"}, false},
		"a hash in a value": {[]string{"[Service]\nNice=1#\n"}, false},
	} {
		if same := digest(tt.texts...) == base; same != tt.same {
			t.Errorf("%s: the same is %v, want %v", name, same, tt.same)
		}
	}
}
