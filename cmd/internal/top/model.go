package top

import (
	"slices"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
)

// Model is all that is known of the view.
type Model struct {
	Interval      time.Duration
	Width, Height int
	Colour        bool

	last  Snapshot
	rates map[string]map[string]Rate // by cluster and unit
	// cursor is the unit of the worker that keys are for: a worker stays under it
	// when others come and go.
	cursor string
	asked  *question
	note   string // what came of the last command
	fault  string // why the last look failed
}

// question is what has to be said yes to.
type question struct {
	text string
	args []string // of the command, without the name of the program
}

// Effect is what is to be done in the world.
type Effect struct {
	Do   Doing
	Args []string // of a command
}

// Doing says what an effect is.
type Doing string

// What can be done.
const (
	Nothing Doing = ""
	Quit    Doing = "quit"
	Run     Doing = "run"  // a command, whose output is handed back as an Ended
	Show    Doing = "show" // a command that has the terminal until it ends
)

// Ended is the end of a command.
type Ended struct {
	Output string
	Err    error
}

// Looked is a look at the clusters.
type Looked struct {
	Snapshot
	Err error
}

// See takes a look over.
func (m Model) See(looked Looked) Model {
	if looked.Err != nil {
		m.fault = firstLine(looked.Err.Error())
		return m
	}
	m.rates = rates(m.last, looked.Snapshot)
	m.last, m.fault = looked.Snapshot, ""
	if cluster, _ := m.current(); cluster == nil {
		m.cursor = ""
		if units := m.units(); len(units) > 0 {
			m.cursor = units[0]
		}
	}
	return m
}

// Hear takes the end of a command over.
func (m Model) Hear(ended Ended) Model {
	m.note = firstLine(ended.Output)
	if ended.Err != nil && m.note == "" {
		m.note = firstLine(ended.Err.Error())
	}
	return m
}

// units are the workers that the cursor goes through.
func (m Model) units() []string {
	var units []string
	for _, cluster := range m.last.Clusters {
		for _, worker := range cluster.Workers {
			units = append(units, worker.Unit)
		}
	}
	return units
}

// current is the worker under the cursor, and its cluster.
func (m Model) current() (*overview.Cluster, *overview.Worker) {
	for i, cluster := range m.last.Clusters {
		at := slices.IndexFunc(cluster.Workers, func(w overview.Worker) bool { return w.Unit == m.cursor })
		if at >= 0 {
			return &m.last.Clusters[i], &m.last.Clusters[i].Workers[at]
		}
	}
	return nil, nil
}
