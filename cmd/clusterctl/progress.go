package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// progress tells a person or a program how a rollout goes: on a terminal one
// line that is written over, elsewhere plain lines, with -o json events.
type progress struct {
	out  io.Writer
	json *json.Encoder // nil unless events are wanted
	live bool          // the last line on the terminal is to be written over
	tty  bool
}

func newProgress(out io.Writer, output string) *progress {
	p := &progress{out: out}
	if output == "json" {
		p.json = json.NewEncoder(out)
		return p
	}
	p.tty = isTerminal(out)
	return p
}

// event is one line of -o json.
type event struct {
	Cluster  string `json:"cluster"`
	Revision int    `json:"revision"`
	rollout.Entry
	Message string `json:"sentence"`
}

// report is told of each entry of the journal.
func (p *progress) report(entry rollout.Entry, run rollout.Run) {
	if p.json != nil {
		// An event that can't be written has nobody to read it.
		_ = p.json.Encode(event{Cluster: run.Cluster, Revision: run.Revision, Entry: entry, Message: rollout.Describe(run)})
		return
	}
	switch entry.Kind {
	case rollout.KindStart:
		p.line(fmt.Sprintf("rollout of %q to revision %d: %s, at most %d at a time",
			run.Cluster, run.Revision, plural(len(run.Workers), "worker"), run.Policy.Unavailable(len(run.Workers))))
		return
	case rollout.KindResume:
		p.line("the rollout goes on after the end of its engine")
		return
	case rollout.KindRequest:
		p.line(fmt.Sprintf("asked to %s", entry.Request))
		return
	case rollout.KindJob, rollout.KindLost:
		return
	}
	switch {
	case len(entry.Available) > 0 && len(run.Back) > 0:
		p.line(names(run.Cluster, entry.Available) + " went back")
	case len(entry.Available) > 0:
		p.line(fmt.Sprintf("%s updated (%d of %d)", names(run.Cluster, entry.Available), rollout.Updated(run), len(run.Workers)))
	}
	switch {
	case run.Phase == rollout.Complete, run.Phase == rollout.Held && !run.WaitsForSomebody():
		p.line(rollout.Describe(run))
	case run.Phase == rollout.RollingBack && len(entry.Do) == 0 && len(entry.Available) == 0:
		p.line("going back: " + rollout.Failure(run))
	case len(entry.Do) > 0:
		p.overwritable(doing(entry.Do[0].Verb) + " " + names(run.Cluster, instancesOf(entry.Do)))
	}
}

func (p *progress) line(text string) {
	p.close()
	fmt.Fprintln(p.out, text)
}

// overwritable prints what is going on now: on a terminal it makes room for
// the next line, elsewhere it is a line like the others.
func (p *progress) overwritable(text string) {
	if !p.tty {
		fmt.Fprintln(p.out, text)
		return
	}
	p.close()
	fmt.Fprint(p.out, text+" ...")
	p.live = true
}

// close takes away the line that is still to be written over.
func (p *progress) close() {
	if p.live {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.live = false
	}
}

func instancesOf(actions []rollout.Action) []string {
	instances := make([]string, len(actions))
	for i, action := range actions {
		instances[i] = action.Instance
	}
	return instances
}

// names lists units by name as long as a person would read them.
func names(cluster string, instances []string) string {
	const readable = 4
	all := make([]string, 0, readable)
	for _, instance := range instances[:min(len(instances), readable)] {
		all = append(all, units.WorkerName(cluster, instance))
	}
	if more := len(instances) - readable; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(all, ", "), more)
	}
	return strings.Join(all, ", ")
}

// doing is what happens to workers while a verb is carried out.
func doing(verb rollout.Verb) string {
	switch verb {
	case rollout.Reload:
		return "reloading"
	case rollout.Stop:
		return "stopping"
	case rollout.Switch:
		return "switching"
	case rollout.Restart:
	}
	return "restarting"
}

// job is an action as a line of a plan.
func job(cluster string, action rollout.Action) string {
	text := fmt.Sprintf("%s %s", action.Verb, units.WorkerName(cluster, action.Instance))
	switch {
	case action.Release != "" && action.From != "":
		text = fmt.Sprintf("switch %s from %q to %q, %s", units.WorkerName(cluster, action.Instance), action.From, action.Release, action.Verb)
	case action.Release != "":
		text = fmt.Sprintf("switch %s to %q, %s", units.WorkerName(cluster, action.Instance), action.Release, action.Verb)
	}
	return text
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil && os.Getenv("TERM") != "dumb"
}
