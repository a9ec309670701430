// Package docs runs what the documentation tells people to type: every shell
// block of the README and of cmd/dist/doc, in order, in a sandbox with a real
// systemd.
//
// A comment before a block says how; it can't be seen in the rendered page:
//
//	<!-- run -->            in the sandbox of the page; it must exit with 0
//	<!-- run exit=3 -->     with another exit code
//	<!-- host -->           on this machine, in a copy of the repository
//	<!-- not run: why -->   the few that can't be run here
//	<!-- output -->         the lines that the block before printed; "…" is anything
//	<!-- file PATH -->      the text of a file of the repository
//	<!-- write PATH -->     is written to PATH in the sandbox before what follows
//	<!-- setup NAME -->     runs setup/NAME.sh in the sandbox; no block follows
//
// A shell block without such a comment is an error, and so is a block without a
// language or one that is made by indentation: nobody would know what it is.
package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// kind is what is done with a block.
type kind string

const (
	run    kind = "run"
	host   kind = "host"
	notRun kind = "not run"
	output kind = "output"
	file   kind = "file"
	write  kind = "write"
	setup  kind = "setup"
	shown  kind = "shown" // by its language: nothing is done with it
)

// block is a fenced block of a page with its comment, or a comment that stands
// alone.
type block struct {
	kind     kind
	line     int
	language string
	argument string // a path, a name or a reason
	exit     int
	text     string
}

var (
	fence   = regexp.MustCompile("^( {0,3}(?:[-*0-9.]+ +)?| +)(```+)([a-zA-Z]*)$")
	comment = regexp.MustCompile(`^\s*<!-- (.*) -->$`)
	shells  = []string{"sh", "shell", "bash", "console"}
)

// parse returns the blocks of a page in their order, and every fault.
func parse(page string) ([]block, []error) {
	var blocks []block
	var faults []error
	lines := strings.Split(page, "\n")
	var pending *block // the comment whose block is still to come
	fault := func(line int, format string, args ...any) {
		faults = append(faults, fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...)))
	}
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if match := comment.FindStringSubmatch(line); match != nil {
			b, err := parseComment(match[1], i+1)
			switch {
			case err != nil:
				fault(i+1, "%v", err)
			case pending != nil:
				fault(i+1, "a comment for a block, and no block since the one before it")
			case b.kind == setup:
				blocks = append(blocks, b)
			default:
				pending = &b
			}
			continue
		}
		if match := fence.FindStringSubmatch(line); match != nil {
			b := block{kind: shown, line: i + 1}
			if pending != nil {
				b = *pending
				pending = nil
			}
			b.language = match[3]
			indent := len(line) - len(strings.TrimLeft(line, " "))
			var text []string
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != match[2]; i++ {
				text = append(text, lines[i][min(indent, len(lines[i])):])
			}
			if i == len(lines) {
				fault(b.line, "a block without an end")
			}
			b.text = strings.Join(text, "\n") + "\n"
			if err := b.check(); err != nil {
				fault(b.line, "%v", err)
			}
			blocks = append(blocks, b)
			continue
		}
		switch {
		case pending != nil && strings.TrimSpace(line) != "":
			fault(i+1, "text between a comment and its block")
			pending = nil
		case strings.HasPrefix(line, "    ") && i > 0 && strings.TrimSpace(lines[i-1]) == "" && !inList(lines[:i]):
			fault(i+1, "a block made by indentation, wanted a fence with a language")
		}
	}
	if pending != nil {
		fault(pending.line, "a comment without its block")
	}
	return blocks, faults
}

func parseComment(text string, line int) (block, error) {
	word, argument, _ := strings.Cut(text, " ")
	b := block{line: line, argument: strings.TrimSpace(argument)}
	switch {
	case strings.HasPrefix(text, "not run: "):
		b.kind, b.argument = notRun, strings.TrimPrefix(text, "not run: ")
	case word == "run" && argument != "":
		b.kind = run
		if _, err := fmt.Sscanf(argument, "exit=%d", &b.exit); err != nil {
			return b, fmt.Errorf("%q: wanted \"run exit=CODE\"", text)
		}
	case slices.Contains([]kind{run, host, output}, kind(word)) && argument == "":
		b.kind = kind(word)
	case slices.Contains([]kind{file, write, setup}, kind(word)) && argument != "":
		b.kind = kind(word)
	default:
		return b, fmt.Errorf("unknown comment %q", text)
	}
	return b, nil
}

// check finds blocks that somebody might type and nothing runs.
func (b block) check() error {
	isShell := slices.Contains(shells, b.language)
	switch {
	case b.language == "":
		return fmt.Errorf("a block without a language")
	case isShell && b.kind == shown:
		return fmt.Errorf("a shell block that nothing runs: wanted <!-- run --> before it, or <!-- not run: why -->")
	case !isShell && slices.Contains([]kind{run, host, notRun}, b.kind):
		return fmt.Errorf("a block of %q can't be run", b.language)
	}
	return nil
}

// inList says that the text before belongs to the item of a list.
func inList(before []string) bool {
	item := regexp.MustCompile(`^\s*([-*]|\d+\.) `)
	for _, line := range slices.Backward(before) {
		if item.MatchString(line) {
			return true
		}
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, " ") {
			return false
		}
	}
	return false
}

// varying is what differs from run to run in what a command prints.
var varying = regexp.MustCompile(`\d+\.\d+ (ms|s)\b|\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|\d+(\.\d+)?[KMG]B?\b|sha256:[0-9a-f]+`)

// missing is the first line of what was expected that is not in what was
// printed, in their order; "" if all are. Times, sizes and dates may differ.
func missing(expected, printed string) string {
	rest := strings.Split(printed, "\n")
	for want := range strings.SplitSeq(strings.TrimSpace(expected), "\n") {
		want = strings.TrimRight(want, " ")
		if want == "…" {
			continue // lines that are left out, or none
		}
		at := slices.IndexFunc(rest, pattern(want).MatchString)
		if at < 0 {
			return want
		}
		rest = rest[at+1:]
	}
	return ""
}

// pattern matches a line like this one.
func pattern(line string) *regexp.Regexp {
	const anyTime = "\x00"
	blanks := regexp.MustCompile(` +`) // columns are as wide as what is in them
	text := regexp.QuoteMeta(varying.ReplaceAllString(line, anyTime))
	for from, to := range map[string]string{anyTime: "(?:" + varying.String() + ")", "…": ".*"} {
		text = strings.ReplaceAll(text, from, to)
	}
	return regexp.MustCompile("^" + blanks.ReplaceAllString(text, " +") + " *$")
}
