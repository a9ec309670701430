package main

import (
	"cmp"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
)

// paged is a command whose output may be long.
type paged struct{ without bool }

func (p *paged) flag(flags *pflag.FlagSet) {
	flags.BoolVar(&p.without, "no-pager", false, "do not pipe the output into a pager ($SYSTEMD_PAGER, $PAGER or less)")
}

// page is where the output goes, and what is to be called at its end. On a
// terminal that is a pager, as systemctl has it, unless the output goes on for
// ever. A reader that goes away is an error of the next write, EPIPE, and not the
// end of this process, which has others to end.
func (p *paged) page(out io.Writer, endless bool) (io.Writer, func()) {
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	plain := func() { signal.Stop(broken) }
	command := pagerCommand()
	if p.without || endless || command == "" || !isTerminal(out) {
		return out, plain
	}
	pager := exec.Command("/bin/sh", "-c", command)
	// As systemctl: quit if it is one screen, pass colours on, leave the screen.
	pager.Env = append(os.Environ(), "LESS="+cmp.Or(os.Getenv("SYSTEMD_LESS"), "FRSXMK"))
	pager.Stdout, pager.Stderr = out, os.Stderr
	in, err := pager.StdinPipe()
	if err != nil || pager.Start() != nil {
		return out, plain
	}
	signal.Ignore(os.Interrupt) // it is for the pager, whose user may search
	return in, func() {
		in.Close()
		_ = pager.Wait() // it showed what it could
		plain()
	}
}

// pagerCommand is the pager as systemctl chooses it, "" if there is none.
func pagerCommand() string {
	for _, variable := range []string{"SYSTEMD_PAGER", "PAGER"} {
		if command, isSet := os.LookupEnv(variable); isSet {
			if command == "cat" {
				return "" // it does what is done without it
			}
			return command
		}
	}
	for _, name := range []string{"pager", "less", "more"} {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return ""
}
