package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/cmd/internal/events"
	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/cmd/internal/table"
	"github.com/clusterctl/clusterctl/units"
)

type eventsOptions struct {
	*global
	paged
	cluster string
	since   string
	follow  bool
	output  string
}

func newEventsCommand(g *global) *cobra.Command {
	o := &eventsOptions{global: g}
	cmd := &cobra.Command{
		Use:   "events CLUSTER",
		Short: "List what happened to a cluster: rollouts, restarts, crashes, kills",
		Long: `List what happened to a cluster, its sockets and its workers, one line each in the
order of time: starts and stops, restarts and who wanted them, crashes and their
exit status, watchdog kills, kills for want of memory, and each step of a rollout.

It is read from systemd's journal and from the recorded rollouts. The kinds are
started, restarted, reloaded, stopped, crashed, watchdog, oom-kill, timeout, failed,
rollout, scaled, drained and undrained. Ctrl-C ends -f, and that is no error.`,
		Example: `  clusterctl events web --since today
  clusterctl events web -f
  clusterctl events web -o json | jq 'select(.kind == "crashed")'`,
		Args: exactly("CLUSTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster = args[0]
			if o.output != "" && o.output != "json" {
				return usageError(fmt.Errorf("--output %q: wanted \"json\"", o.output), "clusterctl events --help")
			}
			if err := validateClusterName(o.cluster); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.since, "since", "", "list what is not older than `TIME`, such as -1h, yesterday or \"2026-01-31 18:00\" (systemd.time(7))")
	flags.BoolVarP(&o.follow, "follow", "f", false, "wait for more")
	flags.StringVarP(&o.output, "output", "o", "", `"json" prints an event a line`)
	o.paged.flag(flags)
	return cmd
}

func (o *eventsOptions) run(ctx context.Context) error {
	since, err := journal.ParseTime(ctx, o.since)
	if err != nil {
		return usageError(fmt.Errorf("--since: %w", err), "man systemd.time")
	}
	seen, err := o.glance(ctx, o.cluster)
	if err != nil {
		return err
	}
	history, err := o.history(o.cluster)
	if err != nil {
		return err
	}
	out, done := o.page(o.out, o.follow)
	defer done()
	stream := eventStream{
		printer:  newEventPrinter(out, o.output),
		reader:   events.Reader{Cluster: o.cluster},
		rollouts: rolloutTails{history: history, since: since},
		engine:   units.RolloutName(o.cluster),
	}
	if err := stream.rollouts.read(); err != nil {
		return err
	}
	others := []string{units.ServiceName(o.cluster), units.SocketName(o.cluster), units.RolloutName(o.cluster)}
	for _, socket := range seen.Sockets {
		others = append(others, socket.Name)
	}
	tail := journalTail{
		global: o.global, cluster: o.cluster, follow: o.follow, extra: others,
		first:    journal.Query{Since: since, Matches: events.Matches(), Fields: events.Fields()},
		caughtUp: func() error { return stream.rollouts.emit(time.Now(), stream.printer.print) },
	}
	return ended(tail.read(ctx, stream.entry))
}

// eventStream puts what the journal tells and what the rollouts have recorded into
// one order.
type eventStream struct {
	printer  eventPrinter
	reader   events.Reader
	rollouts rolloutTails
	engine   string // the unit of a rollout: when it says something, it has recorded something
}

func (s *eventStream) entry(_ []byte, e journal.Entry) error {
	if e.Unit == s.engine {
		if err := s.rollouts.read(); err != nil {
			return err
		}
	}
	if err := s.rollouts.emit(e.Time, s.printer.print); err != nil {
		return err
	}
	event, ok := s.reader.Read(e)
	if !ok {
		return nil
	}
	return s.printer.print(event)
}

// eventPrinter writes a line an event.
type eventPrinter struct {
	out   io.Writer
	json  *json.Encoder // nil unless wanted
	shown table.Output
}

func newEventPrinter(out io.Writer, output string) eventPrinter {
	p := eventPrinter{out: out, shown: shownOn(out)}
	if output == "json" {
		p.json = json.NewEncoder(out)
	}
	return p
}

func (p eventPrinter) print(e events.Event) error {
	if p.json != nil {
		return p.json.Encode(e)
	}
	kind := fmt.Sprintf("%-9s", e.Kind)
	if e.Kind.IsBad() {
		kind = p.shown.Paint(table.Bad, kind)
	}
	what := strings.TrimSuffix(e.Unit, ".service")
	if e.Revision != 0 {
		what = fmt.Sprintf("#%d", e.Revision)
	}
	line := fmt.Sprintf("%s  %-14s %s  %s", e.Time.Local().Format(eventTime), what, kind, table.Printable(e.Message))
	_, err := fmt.Fprintln(p.out, strings.TrimRight(line, " "))
	return err
}

// eventTime has the date, as history goes far back.
const eventTime = "2006-01-02 15:04:05.000"
