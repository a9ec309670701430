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
	if p.without || endless || !isTerminal(out) {
		return out, plain
	}
	command := cmp.Or(os.Getenv("SYSTEMD_PAGER"), os.Getenv("PAGER"), "less")
	if _, set := os.LookupEnv("SYSTEMD_PAGER"); command == "cat" || set && os.Getenv("SYSTEMD_PAGER") == "" {
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
