package spec

import (
	"bytes"
	"maps"
	"slices"
)

// Cluster is what a .cluster file says.
type Cluster struct {
	Name    string
	Path    string // of the file, "" if there is none
	Workers Workers
	Start   Start
	Listen  []Listener
	// Ready is how systemd finds out that a worker is ready which does not say
	// so itself; its kind and target alone count.
	Ready Health
	// Admin says that each worker has a Unix socket of its own.
	Admin     bool
	Hardening bool
	Policy    Policy
	// Sections are the settings that go to the units as they are, by the name
	// of their section, one of Passed. The order within a section is kept.
	Sections map[string][]Setting
}

// Start is when a cluster starts.
type Start string

// The ways to start.
const (
	AtBoot Start = "boot"
	Lazy   Start = "lazy" // at the first connection
)

// DefaultStart is how a cluster starts that does not say.
const DefaultStart = AtBoot

// Passed are the sections of a .cluster file that go to units, in the order in
// which Format writes them: Unit and Service to the workers, Socket to the
// sockets of the listeners, Slice to the slice of all workers, Install to the
// cluster itself.
var Passed = []string{"Unit", "Socket", "Service", "Slice", "Install"}

func newCluster(name, path string) *Cluster {
	return &Cluster{
		Name:      name,
		Path:      path,
		Workers:   WorkerNumber(DefaultWorkers),
		Start:     DefaultStart,
		Ready:     Health{Kind: HealthNone},
		Admin:     true,
		Hardening: true,
		Policy:    DefaultPolicy(),
		Sections:  make(map[string][]Setting),
	}
}

// Equal says that two clusters say the same, wherever they were read from.
func (c *Cluster) Equal(other *Cluster) bool {
	return c.Name == other.Name && c.Workers == other.Workers && c.Start == other.Start &&
		c.Ready == other.Ready && c.Admin == other.Admin && c.Hardening == other.Hardening && c.Policy == other.Policy &&
		slices.Equal(c.Listen, other.Listen) &&
		maps.EqualFunc(c.Sections, other.Sections, func(a, b []Setting) bool {
			return slices.EqualFunc(a, b, func(a, b Setting) bool { return a.Key == b.Key && a.Value == b.Value })
		})
}

// Format is the text of a .cluster file that Parse reads as an equal cluster.
// What is as by default is left out; comments are not kept.
func (c *Cluster) Format() []byte {
	var text bytes.Buffer
	writeSection(&text, "Cluster", c.settings())
	writeSection(&text, "Rollout", c.Policy.differences())
	for _, name := range Passed {
		writeSection(&text, name, c.Sections[name])
	}
	return text.Bytes()
}
