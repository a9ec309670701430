package top

import (
	"fmt"
	"slices"
	"strings"
)

// command is what a key does to the worker under the cursor or its cluster.
type command struct {
	key, word string
	// rollout says that it is for a rollout that is under way.
	rollout bool
	args    []string // of clusterctl; WORKER and CLUSTER stand for their names
}

var commands = []command{
	{key: "d", word: "drain", args: []string{"drain", "WORKER"}},
	{key: "u", word: "undrain", args: []string{"undrain", "WORKER"}},
	{key: "r", word: "restart", args: []string{"restart", "WORKER"}},
	{key: "l", word: "logs", args: []string{"logs", "WORKER", "--follow"}},
	{key: "p", word: "pause", rollout: true, args: []string{"rollout", "pause", "CLUSTER"}},
	{key: "c", word: "continue", rollout: true, args: []string{"rollout", "resume", "CLUSTER"}},
}

// Press takes a key, by its name: "d", "up", "ctrl+c".
func (m Model) Press(key string) (Model, Effect) {
	if key == "ctrl+c" {
		return m, Effect{Do: Quit}
	}
	if m.asked != nil {
		return m.answer(key)
	}
	m.note = ""
	switch key {
	case "q", "esc":
		return m, Effect{Do: Quit}
	case "up", "k":
		return m.move(-1), Effect{}
	case "down", "j":
		return m.move(+1), Effect{}
	case "pgup":
		return m.move(-m.page()), Effect{}
	case "pgdown":
		return m.move(m.page()), Effect{}
	case "home", "g":
		return m.move(-len(m.units())), Effect{}
	case "end", "G":
		return m.move(len(m.units())), Effect{}
	}
	for _, c := range commands {
		if c.key == key {
			return m.ask(c), Effect{}
		}
	}
	return m, Effect{}
}

// answer does what was asked on "y", and nothing on any other key.
func (m Model) answer(key string) (Model, Effect) {
	asked := *m.asked
	m.asked = nil
	switch {
	case key != "y" && key != "Y":
		m.note = "not done"
		return m, Effect{}
	case asked.args[0] == "logs":
		return m, Effect{Do: Show, Args: asked.args}
	}
	m.note = "clusterctl " + strings.Join(asked.args, " ") + " …"
	return m, Effect{Do: Run, Args: asked.args}
}

func (m Model) ask(c command) Model {
	cluster, worker := m.current()
	if cluster == nil {
		m.note = "no worker to " + c.word
		return m
	}
	if c.rollout && !cluster.Rollout.UnderWay() {
		m.note = fmt.Sprintf("no rollout of %s is under way", cluster.Name)
		return m
	}
	args := slices.Clone(c.args)
	for i, arg := range args {
		switch arg {
		case "WORKER":
			args[i] = cluster.Name + "@" + worker.Instance
		case "CLUSTER":
			args[i] = cluster.Name
		}
	}
	m.asked = &question{text: "clusterctl " + strings.Join(args, " ") + "?", args: args}
	return m
}

func (m Model) move(by int) Model {
	units := m.units()
	if len(units) == 0 {
		return m
	}
	at := max(slices.Index(units, m.cursor), 0)
	m.cursor = units[min(max(at+by, 0), len(units)-1)]
	return m
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
