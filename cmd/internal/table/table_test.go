package table

import (
	"io"
	"os"
	"strings"
	"testing"
)

func example() *Table {
	t := &Table{Columns: []Column{{"WORKER", 0}, {"STATE", 1}, {"MEMORY", 5}, {"HEALTH", 2}}}
	t.Add(Cell{Text: "web@1.service"}, Cell{"active (running)", Good}, Cell{Text: "12.0M"}, Cell{Text: "ok"})
	t.Add(Cell{Text: "web@10.service"}, Cell{"failed", Bad}, Cell{Text: "-"}, Cell{Text: "-"})
	return t
}

func TestTable_Fprint(t *testing.T) {
	for name, tt := range map[string]struct {
		output Output
		want   string
	}{
		"a pipe": {Output{}, `
WORKER          STATE             MEMORY  HEALTH
web@1.service   active (running)  12.0M   ok
web@10.service  failed            -       -`},
		"just wide enough": {Output{Width: 48}, `
WORKER          STATE             MEMORY  HEALTH
web@1.service   active (running)  12.0M   ok
web@10.service  failed            -       -`},
		"without memory": {Output{Width: 47}, `
WORKER          STATE             HEALTH
web@1.service   active (running)  ok
web@10.service  failed            -`},
		"the names alone": {Output{Width: 20}, `
WORKER
web@1.service
web@10.service`},
		"not even that": {Output{Width: 8}, `
WORKER
web@1.s…
web@10.…`},
		"colours take no room": {Output{Width: 40, Colour: true}, "\n" +
			"\x1b[1mWORKER\x1b[0m          \x1b[1mSTATE\x1b[0m             \x1b[1mHEALTH\x1b[0m\n" +
			"web@1.service   \x1b[32mactive (running)\x1b[0m  ok\n" +
			"web@10.service  \x1b[31mfailed\x1b[0m            -"},
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			if err := example().Fprint(&got, tt.output); err != nil {
				t.Fatal(err)
			}
			if want := strings.TrimPrefix(tt.want, "\n") + "\n"; got.String() != want {
				t.Errorf("got\n%s\nwant\n%s", got.String(), want)
			}
		})
	}
}

// A worker's status line is its own: it must not reach the terminal as it is.
func TestTable_Add_Printable(t *testing.T) {
	table := &Table{Columns: []Column{{"STATUS", 0}}}
	table.Add(Cell{Text: "\x1b[2Jserving\n\u009b31m"})
	var text strings.Builder
	if err := table.Fprint(&text, Output{}); err != nil {
		t.Fatal(err)
	}
	if want := "STATUS\n" + `\x1b[2Jserving \u009b31m` + "\n"; text.String() != want {
		t.Errorf("got %q, wanted %q", text.String(), want)
	}
}

func TestTable_FprintMore(t *testing.T) {
	rows := example()
	if err := rows.Fprint(io.Discard, Output{}); err != nil {
		t.Fatal(err)
	}
	rows.Rows = nil
	rows.Add(Plain("web@2", "active", "", "ok")...)
	var got strings.Builder
	if err := rows.FprintMore(&got, Output{}); err != nil {
		t.Fatal(err)
	}
	if want := "web@2           active                    ok\n"; got.String() != want {
		t.Errorf("got %q, want %q", got.String(), want)
	}
}

func TestOutputOf_NoTerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got := OutputOf(file); got != (Output{}) {
		t.Errorf("a file: %+v", got)
	}
	if got := OutputOf(&strings.Builder{}); got != (Output{}) {
		t.Errorf("no file at all: %+v", got)
	}
}
