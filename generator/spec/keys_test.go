package spec

import (
	"strings"
	"testing"
)

// What is said of a key is what the parser does: its default is taken, and says
// the same as nothing.
func TestKeys_AreWhatTheParserReads(t *testing.T) {
	const rest = "\n[Cluster]\nListen=http=8080\n[Service]\nExecStart=/usr/bin/web\n"
	bare, err := Parse("web.cluster", []byte(rest))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range Keys() {
		if key.Takes == "" || !strings.HasSuffix(key.Means, ".") {
			t.Errorf("%s: wanted what it takes and sentences, got %q and %q", key.Name, key.Takes, key.Means)
		}
		for _, value := range []string{key.Default, ""} {
			c, err := Parse("web.cluster", []byte("["+key.Section+"]\n"+key.Name+"="+value+rest))
			if err != nil || !c.Equal(bare) {
				t.Errorf("%s=%s is not as by default: %v", key.Name, value, err)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	if key, err := Explain("maxunavailable"); err != nil || key.Name != "MaxUnavailable" || key.Section != "Rollout" {
		t.Errorf("%+v, %v", key, err)
	}
	if _, err := Explain("Drain"); err == nil || !strings.Contains(err.Error(), `"Drain": no key of a .cluster file, did you mean "DrainSec"?`) {
		t.Errorf("%v", err)
	}
	if reason, ok := Refused("Socket", "Accept"); !ok || reason == "" {
		t.Errorf("%q, %v", reason, ok)
	}
}

func TestSince(t *testing.T) {
	for line := range strings.Lines(systemdKeys) {
		if words := strings.Fields(line); len(words) < 2 || len(words) > 3 {
			t.Errorf("%q: wanted SECTION KEY or SECTION KEY VERSION", line)
		}
	}
	for key, want := range map[string]int{"RestartSteps": 254, "ReloadSignal": 253, "PrivatePIDs": 257, "ExecStart": OldestSystemd} {
		if got, known := Since("Service", key); got != want || !known {
			t.Errorf("Since(%s) = %d, %v, want %d", key, got, known, want)
		}
	}
	if _, known := Since("Service", "Listen"); known {
		t.Error("Listen= is no setting of [Service]")
	}
}

// A comment taken away leaves the same cluster: what the starter says is true.
func TestStarter(t *testing.T) {
	bare, err := Parse("web.cluster", Starter())
	if err != nil {
		t.Fatal(err)
	}
	text := string(Starter())
	for _, key := range Keys() {
		if !strings.Contains(text, "\n"+key.Name+"=") && !strings.Contains(text, "\n#"+key.Name+"="+key.Default+"\n") {
			t.Errorf("%s is missing", key.Name)
		}
		text = strings.Replace(text, "\n#"+key.Name+"=", "\n"+key.Name+"=", 1)
	}
	all, err := Parse("web.cluster", []byte(text))
	if err != nil || !all.Equal(bare) {
		t.Errorf("with every key set to its default: %v\n%s", err, text)
	}
}
