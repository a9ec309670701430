package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/units"
)

// workersOf reads "1 2- 3! x": "-" is enabled and stopped, "!" runs and is not
// enabled.
func workersOf(text string) []overview.Worker {
	var workers []overview.Worker
	for word := range strings.FieldsSeq(text) {
		w := overview.Worker{Instance: strings.TrimRight(word, "-!"), Enabled: !strings.HasSuffix(word, "!"), ActiveState: units.Active}
		if strings.HasSuffix(word, "-") {
			w.ActiveState = units.Inactive
		}
		workers = append(workers, w)
	}
	return workers
}

func TestPlanScale(t *testing.T) {
	for _, tt := range []struct {
		workers string
		wanted  int
		stopped bool
		want    string // enable; start; disable; stop
	}{
		{"1 2", 2, false, "[]; []; []; []"},
		{"1 2", 4, false, "[3 4]; [3 4]; []; []"},
		{"1- 2-", 3, true, "[3]; []; []; []"},
		{"1 2 3 4 10", 2, false, "[]; []; [10 4 3]; [10 4 3]"},
		{"1 2- 3-", 2, false, "[]; [2]; [3]; []"},
		{"1 2 3!", 2, false, "[]; []; []; [3]"},
		{"1 2 3!", 3, false, "[3]; []; []; []"},
		{"1 3 blue", 2, false, "[2]; [2]; [3]; [3]"},
		{"", 1, false, "[1]; [1]; []; []"},
	} {
		plan := planScale(workersOf(tt.workers), tt.wanted, !tt.stopped)
		if got := fmt.Sprintf("%v; %v; %v; %v", plan.enable, plan.start, plan.disable, plan.stop); got != tt.want {
			t.Errorf("%q to %d: %s, want %s", tt.workers, tt.wanted, got, tt.want)
		}
	}
}

func TestParseScale(t *testing.T) {
	for text, want := range map[string]string{
		"8": "8", "auto": "auto", "50%": "50%", "+2": "6", "-1": "3", "-3": "1", "+0": "4",
		"-4":    "-4 of 4 workers leaves none",
		"0":     `0 workers serve nobody: "systemctl disable --now" takes a cluster away`,
		"":      `"": wanted a number from 1 to 10000, or "auto" for one worker a CPU`,
		"+":     `"+": wanted a number more or fewer, such as +2`,
		"+-2":   `"+-2": wanted a number more or fewer, such as +2`,
		"+9999": `"10003": wanted a number from 1 to 10000, or "auto" for one worker a CPU`,
		"many":  `"many": wanted a number from 1 to 10000, or "auto" for one worker a CPU`,
	} {
		workers, err := parseScale(text, 4)
		got := workers.String()
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q of 4: %s, want %s", text, got, want)
		}
	}
	if got := numbered(workersOf("1 2- 3! blue")); got != 2 {
		t.Errorf("numbered: %d, want 2", got)
	}
}
