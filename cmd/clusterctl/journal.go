package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// journalTimeout bounds the look at the journal: it is a help, no result.
const journalTimeout = 5 * time.Second

// journalSelector is journalctl's option for a unit of the manager.
func (g *global) journalSelector() string {
	if g.user {
		return "--user-unit"
	}
	return "--unit"
}

// printLastLines shows on stderr what a unit last wrote to the journal.
func (g *global) printLastLines(unit string) {
	ctx, cancel := context.WithTimeout(context.Background(), journalTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "journalctl", "--no-pager", "--quiet", "--output=short-precise",
		"--lines=10", g.journalSelector(), unit).Output()
	if err != nil {
		fmt.Fprintf(g.err, "(the journal of %s can't be read: %v)\n", unit, err)
		return
	}
	fmt.Fprintf(g.err, "the last lines of %s:\n", unit)
	for line := range strings.Lines(string(out)) {
		fmt.Fprintf(g.err, "  %s", line)
	}
}
