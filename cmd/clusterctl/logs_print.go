package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/units"
)

// logTime is the time of a line: that of journalctl's short, to the millisecond,
// for the order of things in a rollout shows below the second.
const logTime = "Jan _2 15:04:05.000"

// logPrinter writes entries of the journal for people, or as they are.
type logPrinter struct {
	out     io.Writer
	cluster string
	json    bool
	colour  bool
}

func newLogPrinter(out io.Writer, cluster string, json bool) logPrinter {
	return logPrinter{out: out, cluster: cluster, json: json, colour: wantsColour(out)}
}

// wantsColour says that colours are of use: on a terminal, through a pager to
// one, and not where somebody said no (no-color.org).
func wantsColour(out io.Writer) bool {
	_, isFile := out.(*os.File)
	return os.Getenv("NO_COLOR") == "" && (isTerminal(out) || !isFile && isTerminal(os.Stdout))
}

func (p logPrinter) print(line []byte, e journal.Entry) error {
	if p.json {
		_, err := p.out.Write(line)
		return err
	}
	_, err := io.WriteString(p.out, p.format(e))
	return err
}

// format is an entry as text. A message of several lines is indented below its
// first.
func (p logPrinter) format(e journal.Entry) string {
	writer := strings.TrimSuffix(e.Unit, ".service")
	if e.Manager {
		writer += " systemd"
	}
	head := fmt.Sprintf("%s %s[%s]: ", e.Time.Local().Format(logTime), writer, e.PID)
	message := strings.ReplaceAll(printable(e.Message), "\n", "\n"+strings.Repeat(" ", len(head)))
	if !p.colour {
		return head + message + "\n"
	}
	if important := priorityColour(e.Priority); important != "" {
		message = important + message + reset
	}
	return fmt.Sprintf("%s %s%s%s[%s]: %s\n", e.Time.Local().Format(logTime), p.workerColour(e.Unit), writer, reset, e.PID, message)
}

const reset = "\x1b[0m"

// workerColours are the colours of a terminal but for red and yellow, which are
// for errors and warnings, and for black and white, which may be its ground.
var workerColours = []int{32, 36, 35, 34, 92, 96, 95, 94}

// workerColour is the same for a worker in each run; neighbours have different
// ones.
func (p logPrinter) workerColour(unit string) string {
	instance, isWorker := units.Instance(p.cluster, unit)
	if !isWorker {
		return "\x1b[1m" // the rollout
	}
	number, err := strconv.Atoi(instance)
	if err != nil {
		sum := fnv.New32a()
		sum.Write([]byte(instance))
		number = int(sum.Sum32() >> 1)
	}
	return fmt.Sprintf("\x1b[%dm", workerColours[max(number-1, 0)%len(workerColours)])
}

// priorityColour is that of journalctl.
func priorityColour(priority int) string {
	const errors, warnings = 3, 4
	switch {
	case priority <= errors:
		return "\x1b[1;31m"
	case priority == warnings:
		return "\x1b[33m"
	}
	return ""
}

// printable is a text that a terminal can be given: what a worker writes must not
// move the cursor, or worse.
func printable(text string) string {
	if !strings.ContainsFunc(text, isControl) {
		return text
	}
	var clean strings.Builder
	for _, r := range text {
		if isControl(r) {
			clean.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
			continue
		}
		clean.WriteRune(r)
	}
	return clean.String()
}

func isControl(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r)
}
