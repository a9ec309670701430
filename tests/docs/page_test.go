package docs

import (
	"strings"
	"testing"
)

const fenced = "```"

func TestParse(t *testing.T) {
	page := strings.ReplaceAll(`# A page
<!-- setup web -->

<!-- run exit=3 -->
'''sh
clusterctl deploy web ./v3
'''

<!-- output -->
'''text
rolled back
'''

- an item

  <!-- not run: it reboots -->
  '''sh
  reboot
    now
  '''

'''go
package main
'''
`, "'''", fenced)
	blocks, faults := parse(page)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	want := []block{
		{kind: setup, line: 2, argument: "web"},
		{kind: run, line: 4, language: "sh", argument: "exit=3", exit: 3, text: "clusterctl deploy web ./v3\n"},
		{kind: output, line: 9, language: "text", text: "rolled back\n"},
		{kind: notRun, line: 16, language: "sh", argument: "it reboots", text: "reboot\n  now\n"},
		{kind: shown, line: 22, language: "go", text: "package main\n"},
	}
	if len(blocks) != len(want) {
		t.Fatalf("got %d blocks, wanted %d: %+v", len(blocks), len(want), blocks)
	}
	for i := range want {
		if blocks[i] != want[i] {
			t.Errorf("block %d: got %+v, wanted %+v", i, blocks[i], want[i])
		}
	}
}

func TestParse_Faults(t *testing.T) {
	for name, test := range map[string]struct{ page, fault string }{
		"nothing runs it":       {"'''sh\nls\n'''\n", "line 1: a shell block that nothing runs"},
		"no language":           {"text\n\n'''\nls\n'''\n", "line 3: a block without a language"},
		"made by indentation":   {"text\n\n    ls\n", "line 3: a block made by indentation"},
		"no end":                {"'''go\nfunc\n", "line 1: a block without an end"},
		"unknown comment":       {"<!-- runs -->\n'''sh\nls\n'''\n", `line 1: unknown comment "runs"`},
		"a reason is wanted":    {"<!-- not run -->\n'''sh\nls\n'''\n", `line 1: unknown comment "not run"`},
		"no exit code":          {"<!-- run quickly -->\n'''sh\nls\n'''\n", `wanted "run exit=CODE"`},
		"text in between":       {"<!-- run -->\ntext\n'''sh\nls\n'''\n", "line 2: text between a comment and its block"},
		"comment without block": {"<!-- run -->\n", "line 1: a comment without its block"},
		"no shell":              {"<!-- run -->\n'''go\nfunc\n'''\n", `a block of "go" can't be run`},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults := parse(strings.ReplaceAll(test.page, "'''", fenced))
			if len(faults) == 0 || !strings.Contains(faults[0].Error(), test.fault) {
				t.Errorf("wanted %q, got %v", test.fault, faults)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	const printed = "one\ntook 2.31 s, 4 workers\nv1       12.3M  1,2\n"
	for expected, want := range map[string]string{
		"one\ntook 0.5 s, 4 workers": "",
		"took …":                     "",
		"…\none\n…\nv1 3K 1,2":       "",
		"v1  3K  1,2":                "",
		"took 0.5 s, 3 workers":      "took 0.5 s, 3 workers",
		"took …\none":                "one",
	} {
		if got := missing(expected, printed); got != want {
			t.Errorf("missing(%q): got %q, wanted %q", expected, got, want)
		}
	}
}
