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

// printLastLines shows on stderr what a unit last wrote to the journal, in one
// start of it if that is known: later ones may have gone well.
func (g *global) printLastLines(unit, invocation string) {
	ctx, cancel := context.WithTimeout(context.Background(), journalTimeout)
	defer cancel()
	// What was written just now may not be readable yet. Without root this
	// fails, and the look may come too early.
	_ = exec.CommandContext(ctx, "journalctl", "--sync").Run()
	args := []string{"--no-pager", "--quiet", "--output=short-precise", "--lines=10"}
	if invocation == "" {
		args = append(args, g.journalSelector(), unit)
	} else {
		// What the worker wrote itself, and what systemd wrote about it
		// (systemd.journal-fields(7)).
		about := "INVOCATION_ID="
		if g.user {
			about = "USER_INVOCATION_ID="
		}
		args = append(args, "_SYSTEMD_INVOCATION_ID="+invocation, "+", about+invocation)
	}
	out, err := exec.CommandContext(ctx, "journalctl", args...).Output()
	if err != nil {
		fmt.Fprintf(g.err, "(the journal of %s can't be read: %v)\n", unit, err)
		return
	}
	fmt.Fprintf(g.err, "the last lines of %s:\n", unit)
	for line := range strings.Lines(string(out)) {
		fmt.Fprintf(g.err, "  %s", line)
	}
}
