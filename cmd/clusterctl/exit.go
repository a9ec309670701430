package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/units/bus"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// The exit codes; they are part of the interface and stand in the manual.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitRolledBack = 3
	exitStillGoing = 4
	exitHeld       = 5
	exitRefused    = 6
)

// commandError is an error with the exit code and the hint that go with it.
type commandError struct {
	code int
	hint string
	err  error
}

func (e *commandError) Error() string { return e.err.Error() }
func (e *commandError) Unwrap() error { return e.err }

// silentExit ends the program with a code when all has been said already.
type silentExit struct{ code int }

func (e *silentExit) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// usageError is an error of whoever typed the command. The hint is a command.
func usageError(err error, hint string, args ...any) error {
	return &commandError{code: exitUsage, hint: fmt.Sprintf(hint, args...), err: err}
}

// explain says on stderr what went wrong and what to do, and returns the exit
// code. All messages follow one form: "clusterctl: " and the error, a line for
// each fault, then "hint: " and what to do.
func explain(stderr io.Writer, err error) int {
	var silent *silentExit
	if errors.As(err, &silent) {
		return silent.code
	}
	code, hint := exitFailed, ""
	var command *commandError
	var refusal *rollout.Refusal
	switch {
	case errors.As(err, &command):
		code, hint = command.code, command.hint
	case errors.As(err, &refusal):
		code, hint = exitRefused, refusal.Hint
	case errors.Is(err, fs.ErrPermission), errors.Is(err, bus.ErrPermission):
		code, hint = exitRefused, "run it as root (sudo), or let polkit allow you org.freedesktop.systemd1.manage-units"
	case errors.Is(err, bus.ErrNoSystemd):
		code, hint = exitRefused, "clusterctl needs a host that was booted with systemd and a running D-Bus; for your own user manager give --user"
	case isCobraUsage(err):
		code, hint = exitUsage, "clusterctl --help"
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "clusterctl: %s\n", strings.TrimRight(line, "\n"))
	}
	if hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
	return code
}

// isCobraUsage knows the faults that cobra finds itself and has no type for.
func isCobraUsage(err error) bool {
	for _, text := range []string{"unknown command", "if any flags in the group", "required flag(s)"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// subcommandWanted refuses a word that is no subcommand; cobra adds which one
// may have been meant.
func subcommandWanted(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2
	if meant := cmd.SuggestionsFor(args[0]); len(meant) > 0 {
		message += fmt.Sprintf(" (did you mean %q?)", meant[0])
	}
	return usageError(errors.New(message), "%s --help", cmd.CommandPath())
}

// exactly wants so many arguments, and says which by their names.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		err := fmt.Errorf("wanted %s, got %d arguments", strings.Join(names, " "), len(args))
		return usageError(err, "%s --help", cmd.CommandPath())
	}
}

// atMost wants so many arguments or fewer.
func atMost(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= len(names) {
			return nil
		}
		err := fmt.Errorf("wanted %s or nothing, got %d arguments", strings.Join(names, " "), len(args))
		return usageError(err, "%s --help", cmd.CommandPath())
	}
}
