package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/apply"
	"github.com/clusterctl/clusterctl/generator/spec"
)

// applyVoice says what apply is about to do and what it has done, to a person or,
// with -o json, to a program.
type applyVoice struct {
	out     io.Writer
	json    *json.Encoder // nil unless events are wanted
	cluster *spec.Cluster
	said    []apply.Step // what was announced
}

func newApplyVoice(out io.Writer, output string, cluster *spec.Cluster) *applyVoice {
	v := &applyVoice{out: out, cluster: cluster}
	if output == "json" {
		v.json = json.NewEncoder(out)
	}
	return v
}

// applyEvent is one line of -o json. Between "will" and "done" of a roll stand the
// events of the rollout, which have a revision.
type applyEvent struct {
	Cluster string    `json:"cluster"`
	Time    time.Time `json:"time"`
	Event   string    `json:"event"` // "will", "done", "waited" or "end"
	*apply.Step
	*apply.Wait
}

func (v *applyVoice) tell(event string, step *apply.Step, wait *apply.Wait) {
	// An event that can't be written has nobody to read it.
	_ = v.json.Encode(applyEvent{Cluster: v.cluster.Name, Time: time.Now(), Event: event, Step: step, Wait: wait})
}

// plan announces the steps that were not announced before.
func (v *applyVoice) plan(steps []apply.Step) {
	if len(steps) == 0 && len(v.said) == 0 && v.json == nil {
		fmt.Fprintf(v.out, "nothing to do: %s\n", v.asWanted())
	}
	for _, step := range steps {
		if slices.ContainsFunc(v.said, func(s apply.Step) bool { return s.Verb == step.Verb && slices.Equal(s.Units, step.Units) }) {
			continue
		}
		v.said = append(v.said, step)
		if v.json != nil {
			v.tell("will", &step, nil)
			continue
		}
		fmt.Fprintf(v.out, "will %s: %s\n", inWords(step), step.Why)
	}
}

// done says that a step is over. A rollout has said it itself.
func (v *applyVoice) done(step apply.Step) {
	switch {
	case v.json != nil:
		v.tell("done", &step, nil)
	case step.Verb != apply.Roll:
		fmt.Fprintf(v.out, "done: %s\n", inWords(step))
	}
}

// end says that nothing is left to do.
func (v *applyVoice) end(waits []apply.Wait) {
	for _, wait := range waits {
		if v.json != nil {
			v.tell("waited", nil, &wait)
			continue
		}
		fmt.Fprintf(v.out, "new connections to %s may have waited up to %s, until %s had it\n", wait.Listener, wait.Time.Round(100*time.Microsecond), wait.Worker)
	}
	switch {
	case v.json != nil:
		v.tell("end", nil, nil)
	case len(v.said) > 0:
		fmt.Fprintln(v.out, v.asWanted())
	}
}

func (v *applyVoice) asWanted() string {
	return fmt.Sprintf("cluster %q is as %s says", v.cluster.Name, v.cluster.Path)
}

// inWords is a step in words.
func inWords(step apply.Step) string {
	switch step.Verb {
	case apply.Reload:
		return "have systemd read its unit files"
	case apply.Link:
		return "give a release to " + listed(step.Units)
	case apply.Listen:
		return "start " + listed(step.Units)
	case apply.Renew:
		return "restart " + listed(step.Units)
	case apply.Drain, apply.Close:
		return "stop " + listed(step.Units)
	case apply.Disable, apply.Write, apply.Enable, apply.Start, apply.Roll:
	}
	return string(step.Verb) + " " + listed(step.Units)
}

// listed names as many units or files as a person would read.
func listed(all []string) string {
	const readable = 4
	if more := len(all) - readable; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:readable], ", "), more)
	}
	return strings.Join(all, ", ")
}
