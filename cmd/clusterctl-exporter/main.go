// Command clusterctl-exporter tells the metrics of all clusters of this host in
// the formats of Prometheus and OpenMetrics: once to stdout, or over HTTP on a
// socket that systemd passes or on an address of its own. "clusterctl metrics"
// runs it. It is a program of its own because what it is made of costs every
// start of a program, and clusterctl is started often.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/clusterctl/clusterctl/units/bus"
)

// The exit codes are those of clusterctl.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 6
)

// version is written in by the build: -ldflags "-X main.version=1.2.3".
var version = "devel"

const help = `Tell the metrics of all clusters of this host, for Prometheus.

Usage:
  clusterctl-exporter [--listen ADDRESS]   answer GET /metrics
  clusterctl-exporter --once               print them and end

As clusterctl-exporter.service it is started by the first scrape, on the sockets
of clusterctl-exporter.socket, and ends when nobody asks any more.

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type options struct {
	user, once, help, version bool
	output                    string
	listen                    string
	exitIdleTime              time.Duration
}

func (o *options) flags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("clusterctl-exporter", pflag.ContinueOnError)
	flags.Usage = func() {} // errors are told in our form
	flags.BoolVar(&o.once, "once", false, "print the metrics to stdout and end")
	flags.StringVarP(&o.output, "output", "o", outputOpenMetrics, "with --once, openmetrics or text (Prometheus 0.0.4)")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:9836", "where to listen when systemd passes no socket")
	flags.DurationVar(&o.exitIdleTime, "exit-idle-time", 0, "end when nobody has asked for so long, such as 5s; 0 means never")
	flags.BoolVar(&o.user, "user", false, "tell of the clusters of this login's user manager")
	flags.BoolVarP(&o.help, "help", "h", false, "print this")
	flags.BoolVar(&o.version, "version", false, "print the version")
	return flags
}

// run is the whole program: the arguments in, the exit code out.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := o.flags()
	if err := flags.Parse(args); err != nil {
		return explain(stderr, usageError{err})
	}
	switch {
	case o.help:
		fmt.Fprint(stdout, help, flags.FlagUsages())
		return exitDone
	case o.version:
		fmt.Fprintln(stdout, "clusterctl-exporter version", version)
		return exitDone
	}
	if err := o.validate(flags.Args()); err != nil {
		return explain(stderr, err)
	}
	if err := o.run(ctx, stdout, stderr); err != nil {
		return explain(stderr, err)
	}
	return exitDone
}

func (o options) validate(args []string) error {
	switch {
	case len(args) > 0:
		return usageError{fmt.Errorf("unexpected argument %q", args[0])}
	case o.output != outputOpenMetrics && o.output != outputText:
		return usageError{fmt.Errorf("--output %q: wanted %q or %q", o.output, outputOpenMetrics, outputText)}
	case o.exitIdleTime < 0:
		return usageError{fmt.Errorf("--exit-idle-time %s: wanted 0 or more", o.exitIdleTime)}
	}
	return nil
}

// usageError is an error of whoever typed the command.
type usageError struct{ error }

// explain says on stderr what went wrong and what to do, as clusterctl does.
func explain(stderr io.Writer, err error) int {
	code, hint := exitFailed, ""
	var usage usageError
	switch {
	case errors.As(err, &usage):
		code, hint = exitUsage, "clusterctl-exporter --help"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, bus.ErrPermission):
		code, hint = exitRefused, "run it as root (sudo)"
	case errors.Is(err, bus.ErrNoSystemd):
		code, hint = exitRefused, "it needs a host that was booted with systemd and a running D-Bus; for your own user manager give --user"
	case errors.Is(err, syscall.EADDRINUSE):
		hint = "systemctl status clusterctl-exporter.socket"
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "clusterctl-exporter: %s\n", strings.TrimRight(line, "\n"))
	}
	if hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
	return code
}

// newLog writes for people; for the journal, which knows the time, only what is
// wrong: the exporter comes and goes with every scrape.
func newLog(stderr io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{}
	if os.Getenv("JOURNAL_STREAM") != "" {
		options.Level = slog.LevelWarn
		options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		}
	}
	return slog.New(slog.NewTextHandler(stderr, options))
}
