package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/cmd/internal/table"
	"github.com/clusterctl/clusterctl/units"
)

// logTime is the time of a line: that of journalctl's short, to the millisecond,
// for the order of things in a rollout shows below the second.
const logTime = "Jan _2 15:04:05.000"

// logPrinter writes entries of the journal for people, or as they are.
type logPrinter struct {
	out     *bufio.Writer
	cluster string
	json    bool
	shown   table.Output
}

func newLogPrinter(out io.Writer, cluster string, json bool) logPrinter {
	return logPrinter{out: bufio.NewWriter(out), cluster: cluster, json: json, shown: shownOn(out)}
}

// shownOn is what the end of the output can show: it may be behind a pager.
func shownOn(out io.Writer) table.Output {
	if _, isFile := out.(*os.File); isFile {
		return table.OutputOf(out)
	}
	return table.OutputOf(os.Stdout)
}

func (p logPrinter) print(line []byte, e journal.Entry) error {
	if p.json {
		_, err := p.out.Write(line)
		return err
	}
	_, err := p.out.WriteString(p.format(e))
	return err
}

// format is an entry as text. A message of several lines is indented below its
// first.
func (p logPrinter) format(e journal.Entry) string {
	writer := strings.TrimSuffix(e.Unit, ".service")
	switch {
	case e.Field("SYSLOG_IDENTIFIER") == "clusterctl" && e.Field("_SYSTEMD_UNIT") != e.Unit:
		writer += " clusterctl"
	case e.Manager:
		writer += " systemd"
	}
	stamp, pid := e.Time.Local().Format(logTime), "["+e.PID+"]"
	indent := "\n" + strings.Repeat(" ", len(stamp)+len(writer)+len(pid)+len(" : "))
	message := strings.ReplaceAll(table.Printable(e.Message), "\n", indent)
	return fmt.Sprintf("%s %s%s: %s\n", stamp, p.shown.Paint(p.workerStyle(e.Unit), writer), pid, p.shown.Paint(priorityStyle(e.Priority), message))
}

// workerStyles are the colours of a terminal but for red and yellow, which are for
// errors and warnings, and for black and white, which may be its ground.
var workerStyles = []table.Style{"32", "36", "35", "34", "92", "96", "95", "94"}

// workerStyle is the same for a worker in each run; neighbours have different ones.
func (p logPrinter) workerStyle(unit string) table.Style {
	instance, isWorker := units.Instance(p.cluster, unit)
	if !isWorker {
		return table.Bold // the rollout
	}
	number, err := strconv.Atoi(instance)
	if err != nil {
		sum := fnv.New32a()
		sum.Write([]byte(instance))
		number = int(sum.Sum32() >> 1)
	}
	return workerStyles[max(number-1, 0)%len(workerStyles)]
}

// priorityStyle is that of journalctl.
func priorityStyle(priority int) table.Style {
	const errors, warnings = 3, 4
	switch {
	case priority <= errors:
		return table.Bad
	case priority == warnings:
		return table.Odd
	}
	return table.Normal
}
