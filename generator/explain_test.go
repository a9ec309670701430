package generator

import (
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

func TestExplain(t *testing.T) {
	for name, want := range map[string][]string{
		"drainsec":      {"[Rollout] DrainSec=\n", "    by default  30s\n", "How long a worker may finish"},
		"Listen":        {"[Cluster] Listen=\n", "    takes       NAME=ADDRESS"},
		"ProtectSystem": {"[Service] ProtectSystem=\n", "    by default  strict\n", "    for         Nothing can be written", "[Socket] ProtectSystem=\n"},
		"accept":        {"[Socket] Accept=\n", "    refused     all or some values: workers accept for themselves"},
		"OpenFile":      {"    since       systemd 253\n", "    goes to     the workers, NAME@.service"},
		"MemoryMax":     {"[Service] MemoryMax=\n", "[Slice] MemoryMax=\n    goes to     the slice of all workers"},
	} {
		got, err := Explain(name, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, line := range want {
			if !strings.Contains(got, line) {
				t.Errorf("%s has no %q:\n%s", name, line, got)
			}
		}
	}
	if _, err := Explain("MemryMax", Options{}); err == nil || !strings.Contains(err.Error(), `did you mean "MemoryMax"?`) {
		t.Errorf("%v", err)
	}
}

// Every key that can stand in a .cluster file has an explanation.
func TestExplain_EveryKey(t *testing.T) {
	for _, key := range spec.Keys() {
		if _, err := Explain(key.Name, Options{}); err != nil {
			t.Error(err)
		}
	}
	for _, d := range ServiceDefaults(Options{Systemd: 262}) {
		if text, err := Explain(d.Key, Options{Systemd: 262}); err != nil || !strings.Contains(text, d.Why) {
			t.Errorf("%s: %v\n%s", d.Key, err, text)
		}
	}
}
