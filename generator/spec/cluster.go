package spec

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// DefaultWorkers is how many workers a cluster has that does not say.
const DefaultWorkers = 2

// MostWorkers bounds Workers=.
const MostWorkers = 10_000

// Cluster is what a .cluster file says.
type Cluster struct {
	Name    string
	Path    string // of the file, "" if there is none
	Workers int
	Listen  []Listener
	Policy  Policy
	// Sections are the settings that go to the units as they are, by section:
	// Unit, Socket, Service, Install.
	Sections map[string][]Setting
}

// Listener is one shared listening socket. Address is as ListenStream= takes
// it (systemd.socket(5)).
type Listener struct{ Name, Address string }

// passed are the sections that go to the units, and what in them would break a
// cluster, with the reason.
var passed = map[string]map[string]string{
	"Unit": {
		"StartLimitIntervalSec": "a worker that hits its start limit closes the listener of all workers",
		"StartLimitBurst":       "a worker that hits its start limit closes the listener of all workers",
		"StartLimitInterval":    "a worker that hits its start limit closes the listener of all workers",
		"SourcePath":            "it names the .cluster file",
	},
	"Socket": {
		"Accept":                  "a cluster's workers accept themselves, from one listener",
		"Service":                 "the first connection must start the cluster, and not one of its workers",
		"ListenStream":            "listeners are named: Listen=NAME=ADDRESS in [Cluster]",
		"FileDescriptorName":      "listeners are named: Listen=NAME=ADDRESS in [Cluster]",
		"ReusePort":               "without it the socket can't be repaired while workers are up",
		"TriggerLimitIntervalSec": "a socket at its trigger limit closes its port for good",
		"TriggerLimitBurst":       "a socket at its trigger limit closes its port for good",
	},
	"Service": {
		"NonBlocking":     "all workers share the listener's O_NONBLOCK flag, and without it connections are lost at every restart",
		"RemainAfterExit": "a worker that has ended would count as ready",
		"Sockets":         "it gives each worker the shared listeners and its admin socket",
		"StandardInput":   "the listeners are passed as descriptors from 3 on",
	},
	"Install": {
		"WantedBy":   "the links in NAME.service.wants are the workers of the cluster",
		"RequiredBy": "one worker that fails must not take the cluster with it",
		"Also":       "the cluster enables its own sockets",
		"Alias":      "a cluster has one name",
	},
}

var clusterKeys = []string{"Workers", "Listen"}

// Parse reads a .cluster file; the cluster has the name of the file. It never
// panics, and returns all faults at once, each with its line.
func Parse(path string, data []byte) (*Cluster, error) {
	name, ok := strings.CutSuffix(filepath.Base(path), ".cluster")
	if !ok {
		return nil, fmt.Errorf(`%s: the name of the file must end in ".cluster", and what stands before is the cluster's name`, path)
	}
	if err := ValidateName(name); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := parseFile(path, data)
	p := &parser{path: path, cluster: newCluster(name, path)}
	if err != nil {
		p.faults = append(p.faults, err)
	}
	for _, section := range f.sections {
		p.section(section)
	}
	p.finish()
	if err := errors.Join(p.faults...); err != nil {
		return nil, err
	}
	return p.cluster, nil
}

// New is the cluster that a few words describe, each listener as NAME=ADDRESS.
func New(name, exec string, workers int, listen []string) (*Cluster, error) {
	p := &parser{path: "--name " + strconv.Quote(name), cluster: newCluster(name, "")}
	if err := ValidateName(name); err != nil {
		return nil, fmt.Errorf("--name: %w", err)
	}
	p.path = "flags"
	p.section(section{name: "Cluster", settings: []Setting{{Key: "Workers", Value: strconv.Itoa(workers)}}})
	for _, listener := range listen {
		p.section(section{name: "Cluster", settings: []Setting{{Key: "Listen", Value: listener}}})
	}
	if strings.ContainsAny(exec, "\n\x00") {
		p.fault(0, "ExecStart", "a command line has no line breaks")
	} else if exec != "" {
		p.section(section{name: "Service", settings: []Setting{{Key: "ExecStart", Value: exec}}})
	}
	p.finish()
	if err := errors.Join(p.faults...); err != nil {
		return nil, err
	}
	return p.cluster, nil
}

func newCluster(name, path string) *Cluster {
	return &Cluster{Name: name, Path: path, Workers: DefaultWorkers, Policy: DefaultPolicy(), Sections: make(map[string][]Setting)}
}

type parser struct {
	path    string
	cluster *Cluster
	faults  []error
}

func (p *parser) fault(line int, key, format string, args ...any) {
	p.faults = append(p.faults, faultAt(p.path, line, key, format, args...))
}

func (p *parser) section(s section) {
	_, isPassed := passed[s.name]
	switch {
	case s.name == "Cluster":
		for _, setting := range s.settings {
			p.clusterKey(setting)
		}
	case s.name == "Rollout":
		for _, setting := range s.settings {
			if err := setPolicy(&p.cluster.Policy, p.path, setting); err != nil {
				p.faults = append(p.faults, err)
			}
		}
	case isPassed:
		for _, setting := range s.settings {
			p.passedKey(s.name, setting)
		}
	case strings.HasPrefix(s.name, "X-"): // for others, as in systemd
	default:
		known := append(keysOf(passed), "Cluster", "Rollout")
		p.fault(s.line, "["+s.name+"]", "unknown section%s", didYouMean(s.name, known))
	}
}

func (p *parser) clusterKey(s Setting) {
	switch s.Key {
	case "Workers":
		n, err := parseWorkers(s.Value)
		if err != nil {
			p.fault(s.Line, s.Key, "%w", err)
			return
		}
		p.cluster.Workers = n
	case "Listen":
		if s.Value == "" {
			p.cluster.Listen = nil // as an empty assignment resets a list in systemd
			return
		}
		listener, err := parseListener(s.Value)
		if err != nil {
			p.fault(s.Line, s.Key, "%w", err)
			return
		}
		p.cluster.Listen = append(p.cluster.Listen, listener)
	default:
		p.fault(s.Line, s.Key, "unknown key in [Cluster]%s", didYouMean(s.Key, clusterKeys))
	}
}

var keyPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)

func (p *parser) passedKey(section string, s Setting) {
	if !keyPattern.MatchString(s.Key) {
		p.fault(s.Line, s.Key, "not the name of a setting")
		return
	}
	if reason, refused := passed[section][s.Key]; refused {
		p.fault(s.Line, s.Key, "can't be set in a cluster: %s", reason)
		return
	}
	if section == "Service" && s.Key == "Type" && (s.Value == "oneshot" || s.Value == "forking" || s.Value == "idle") {
		p.fault(s.Line, s.Key, `%q can't be a worker: wanted "notify" (the default), "notify-reload", "exec", "simple" or "dbus"`, s.Value)
		return
	}
	if section == "Service" && s.Key == "KillMode" && s.Value == "none" {
		p.fault(s.Line, s.Key, `"none" leaves processes of a stopped worker behind, accepting connections`)
		return
	}
	p.cluster.Sections[section] = append(p.cluster.Sections[section], s)
}

// finish finds what is wrong with the whole.
func (p *parser) finish() {
	c := p.cluster
	if len(c.Listen) == 0 && len(p.faults) == 0 {
		p.fault(0, "Listen", "missing: wanted Listen=NAME=ADDRESS in [Cluster], such as Listen=http=0.0.0.0:8080")
	}
	if len(p.faults) == 0 && last(c.Sections["Service"], "ExecStart") == "" {
		p.fault(0, "ExecStart", "missing: wanted the worker's command line in [Service], such as ExecStart=/usr/bin/web")
	}
	for i, listener := range c.Listen {
		if slices.ContainsFunc(c.Listen[:i], func(other Listener) bool { return other == listener }) {
			p.fault(0, "Listen", "%s=%s is there twice", listener.Name, listener.Address)
		}
	}
	if err := c.Policy.Validate(); err != nil {
		p.faults = append(p.faults, fmt.Errorf("%s: %w", p.path, err))
	}
}

// last is the value of the last assignment of a key, "" if there is none.
func last(settings []Setting, key string) string {
	value := ""
	for _, s := range settings {
		if s.Key == key {
			value = s.Value
		}
	}
	return value
}

func parseWorkers(s string) (int, error) {
	if s == "auto" {
		return runtime.NumCPU(), nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > MostWorkers {
		return 0, fmt.Errorf(`%q: wanted a number from 1 to %d, or "auto" for one worker a CPU`, s, MostWorkers)
	}
	return n, nil
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]*$`)

// longestName keeps the longest unit of a cluster within systemd's limit of 255
// characters for a unit name (systemd.unit(5)).
const longestName = 200

// ValidateName says what is wrong with the name of a cluster, if anything.
func ValidateName(name string) error {
	if !namePattern.MatchString(name) || len(name) > longestName {
		return fmt.Errorf(`cluster name %q: wanted letters, digits, "_", "-", "." and ":", the first a letter or a digit, at most %d`, name, longestName)
	}
	if strings.HasSuffix(name, ".service") || strings.HasSuffix(name, ".socket") {
		return fmt.Errorf("cluster name %q: wanted the name without the suffix of a unit: %q", name, name[:strings.LastIndexByte(name, '.')])
	}
	return nil
}

var listenerName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,255}$`)

// parseListener reads NAME=ADDRESS.
func parseListener(s string) (Listener, error) {
	name, address, ok := strings.Cut(s, "=")
	if !ok {
		return Listener{}, fmt.Errorf("%q: wanted NAME=ADDRESS, such as http=0.0.0.0:8080", s)
	}
	name, address = strings.TrimSpace(name), strings.TrimSpace(address)
	if !listenerName.MatchString(name) {
		return Listener{}, fmt.Errorf(`%q: the name of a listener is made of letters, digits, "_", "-" and "."`, name)
	}
	if name == "admin" {
		return Listener{}, errors.New(`"admin" is the name of each worker's own socket: wanted another`)
	}
	return Listener{name, address}, validateAddress(address)
}

func validateAddress(address string) error {
	wanted := errors.New("wanted PORT, IPv4:PORT, [IPv6]:PORT, /PATH or @ABSTRACT")
	switch {
	case strings.HasPrefix(address, "/"), strings.HasPrefix(address, "@"):
		// 108 bytes hold a path and its end: unix(7).
		if len(address) < 2 || len(address) > 107 || strings.ContainsAny(address, " \t%") {
			return fmt.Errorf("address %q: a socket path has up to 107 bytes and no blanks or \"%%\"; %w", address, wanted)
		}
		return nil
	case strings.Contains(address, ":"):
		parsed, err := netip.ParseAddrPort(address)
		if err != nil || parsed.Port() == 0 {
			return fmt.Errorf("address %q: %w", address, wanted)
		}
		return nil
	}
	port, err := strconv.ParseUint(address, 10, 16)
	if err != nil || port == 0 {
		return fmt.Errorf("address %q: %w", address, wanted)
	}
	return nil
}
