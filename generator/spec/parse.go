package spec

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Parse reads a .cluster file and its drop-ins, in their order; the cluster has
// the name of the file. It never panics, and returns all faults at once, each
// with its file and line.
func Parse(path string, data []byte, dropIns ...Source) (*Cluster, error) {
	name, ok := strings.CutSuffix(filepath.Base(path), ".cluster")
	if !ok {
		return nil, fmt.Errorf(`%s: the name of the file must end in ".cluster", and what stands before is the cluster's name`, path)
	}
	if err := ValidateName(name); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p := newParser(path, newCluster(name, path))
	for _, source := range append([]Source{{path, data}}, dropIns...) {
		p.source(source)
	}
	p.path = path // of faults that belong to no line
	p.finish()
	if err := errors.Join(p.faults...); err != nil {
		return nil, err
	}
	return p.cluster, nil
}

// New is the cluster that a few words describe: the command line of a worker,
// and each listener as NAME=ADDRESS.
func New(name, exec string, workers int, listen []string) (*Cluster, error) {
	if err := ValidateName(name); err != nil {
		return nil, fmt.Errorf("--name: %w", err)
	}
	p := newParser("flags", newCluster(name, ""))
	p.section(section{name: "Cluster", settings: []Setting{{Key: "Workers", Value: strconv.Itoa(workers)}}})
	for _, listener := range listen {
		p.section(section{name: "Cluster", settings: []Setting{{Key: "Listen", Value: listener}}})
	}
	if exec != "" {
		p.section(section{name: "Service", settings: []Setting{{Key: "ExecStart", Value: strings.Trim(exec, blanks)}}})
	}
	p.finish()
	if err := errors.Join(p.faults...); err != nil {
		return nil, err
	}
	return p.cluster, nil
}

type parser struct {
	path    string
	cluster *Cluster
	faults  []error

	last     map[string]place // where a key was set last
	listenAt []place          // of each listener of the cluster
}

// place is a line of a file.
type place struct {
	path string
	line int
}

func newParser(path string, c *Cluster) *parser {
	return &parser{path: path, cluster: c, last: make(map[string]place)}
}

func (p *parser) fault(line int, key, format string, args ...any) {
	p.faults = append(p.faults, faultAt(p.path, line, key, format, args...))
}

// faultOf is a fault of a key where it was set last.
func (p *parser) faultOf(key, format string, args ...any) {
	at, ok := p.last[key]
	if !ok {
		at = place{path: p.path}
	}
	p.faults = append(p.faults, faultAt(at.path, at.line, key, format, args...))
}

func (p *parser) source(source Source) {
	p.path = source.Path
	f, err := parseFile(source.Path, source.Data)
	if err != nil {
		p.faults = append(p.faults, err)
	}
	for _, section := range f.sections {
		p.section(section)
	}
}

func (p *parser) section(s section) {
	set := p.passedKey(s.name)
	switch {
	case s.name == "Cluster":
		set = p.clusterKey
	case s.name == "Rollout":
		set = p.policyKey
	case strings.HasPrefix(s.name, "X-"): // for others, as in systemd
		return
	case !slices.Contains(Passed, s.name):
		p.fault(s.line, "["+s.name+"]", "unknown section%s", didYouMean(s.name, append([]string{"Cluster", "Rollout"}, Passed...)))
		return
	}
	for _, setting := range s.settings {
		if err := checkValue(setting.Value); err != nil {
			p.fault(setting.Line, setting.Key, "%w", err)
			continue
		}
		p.last[setting.Key] = place{p.path, setting.Line}
		set(setting)
	}
}

func (p *parser) policyKey(s Setting) {
	if err := setPolicy(&p.cluster.Policy, p.path, s); err != nil {
		p.faults = append(p.faults, err)
	}
}

var keyPattern = pattern(`^[A-Za-z][A-Za-z0-9-]*$`)

// passedKey takes a setting for the units, unless it would break the cluster.
func (p *parser) passedKey(section string) func(Setting) {
	return func(s Setting) {
		if !keyPattern().MatchString(s.Key) {
			p.fault(s.Line, s.Key, "not the name of a setting")
			return
		}
		if err := checkKey(section, s.Key); err != nil {
			p.fault(s.Line, s.Key, "%w", err)
			return
		}
		if leavesRelease(s) {
			p.fault(s.Line, s.Key, "%q: wanted a path within the release, without \"..\"", s.Value)
			return
		}
		if reason := refuse(p.cluster.Name, section, s); reason != "" {
			p.fault(s.Line, s.Key, "%s", reason)
			return
		}
		s.Path = p.path
		p.cluster.Sections[section] = append(p.cluster.Sections[section], s)
	}
}

// finish finds what is wrong with the whole. What is missing is said only of a
// file that is right otherwise: it may stand in a line that could not be read.
func (p *parser) finish() {
	if len(p.faults) == 0 {
		p.missing()
	}
	p.listenersTwice()
	p.contradictions()
	if err := p.cluster.Policy.Validate(); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			key, what, _ := strings.Cut(line, ": ")
			p.faultOf(key, "%s", what)
		}
	}
}

func (p *parser) missing() {
	if len(p.cluster.Listen) == 0 {
		p.fault(0, "Listen", "missing: wanted Listen=NAME=ADDRESS in [Cluster], such as Listen=http=0.0.0.0:8080")
	}
	switch commands := All(p.cluster.Sections["Service"], "ExecStart"); len(commands) {
	case 1:
	case 0:
		p.fault(0, "ExecStart", "missing: wanted the worker's command line in [Service], such as ExecStart=/usr/bin/web")
	default:
		p.faultOf("ExecStart", "%d command lines, wanted one; an empty ExecStart= before the last forgets the others", len(commands))
	}
}

// listenersTwice finds addresses that can't be listened on twice, and
// differences between listeners of one name, which share a socket unit.
func (p *parser) listenersTwice() {
	for i, l := range p.cluster.Listen {
		for _, other := range p.cluster.Listen[:i] {
			switch {
			case other.Address == l.Address && (other.Kind == Datagram) == (l.Kind == Datagram):
				p.faultOfListener(i, "%q and %q have the same address", other, l)
			case other.Name == l.Name && (other.Mode != l.Mode || other.User != l.User || other.Group != l.Group || other.Backlog != l.Backlog):
				p.faultOfListener(i, "%q and %q have one name and so one socket unit, wanted the same options", other, l)
			}
		}
	}
}

func (p *parser) faultOfListener(i int, format string, args ...any) {
	p.faults = append(p.faults, faultAt(p.listenAt[i].path, p.listenAt[i].line, "Listen", format, args...))
}

func (p *parser) contradictions() {
	install := p.cluster.Sections["Install"]
	for _, key := range []string{"WantedBy", "RequiredBy", "UpheldBy"} {
		if by := All(install, key); p.cluster.Start == Lazy && len(by) > 0 {
			p.faultOf(key, "%q would start the cluster that Start=lazy leaves to the first connection, wanted one of them", strings.Join(by, " "))
		}
	}
	for _, asked := range []struct {
		key   string
		check Health
	}{{"Ready", p.cluster.Ready}, {"Health", p.cluster.Policy.Health}} {
		if !p.cluster.Admin && asked.check.OnAdminSocket() {
			p.faultOf(asked.key, "%q is asked on the admin socket, and Admin=no has none, wanted an address such as \"http http://127.0.0.1:900%%i/\"", asked.check)
		}
	}
	service := p.cluster.Sections["Service"]
	for _, key := range []string{"TimeoutStopSec", "TimeoutSec"} {
		limit, err := parseTimeSpanOrInfinity(Last(service, key))
		if err == nil && limit > 0 && limit < p.cluster.Policy.DrainSec {
			p.faultOf(key, "%s is shorter than DrainSec=%s, so systemd would kill a worker that drains", FormatTimeSpan(limit), FormatTimeSpan(p.cluster.Policy.DrainSec))
		}
	}
	if len(p.cluster.Sections["Slice"]) > 0 && Last(service, "Slice") != "" {
		p.faultOf("Slice", "the workers can't be in %q and in the slice that [Slice] makes, wanted one of them", Last(service, "Slice"))
	}
}
