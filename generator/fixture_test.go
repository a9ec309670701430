package generator

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// A fixture is a .cluster file with what must come of it, in one txtar file of
// testdata/fixtures. Its first lines are the assertions:
//
//	manager user                     for the user manager
//	systemd 257                      for this systemd
//	workers 4                        so many workers
//	units A B C                      exactly these units are written
//	is UNIT SECTION KEY=VALUE        the key has this value and no other
//	has UNIT SECTION KEY=VALUE       the key has this value, maybe among others
//	last UNIT SECTION KEY=VALUE      the key has this value last, which is the one that holds
//	lacks UNIT SECTION KEY           the key is not set
//	live UNIT PROPERTY=VALUE         a real systemd has started worker 1, and the unit has this,
//	                                 or has it in a list
//	fault TEXT                       the file is refused with a line that has this text;
//	                                 there are no more faults than such lines
type fixture struct {
	name       string
	options    Options
	source     spec.Source
	dropIns    []spec.Source
	workers    string
	assertions []string
	live       []string
	faults     []string
}

func fixtures(t testing.TB) []fixture {
	t.Helper()
	paths, err := filepath.Glob("testdata/fixtures/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures (%v)", err)
	}
	all := make([]fixture, len(paths))
	for i, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = readFixture(t, strings.TrimSuffix(filepath.Base(path), ".txtar"), archive)
	}
	return all
}

func readFixture(t testing.TB, name string, archive *txtar.Archive) fixture {
	t.Helper()
	f := fixture{name: name}
	for i, file := range archive.Files {
		source := spec.Source{Path: file.Name, Data: file.Data}
		if i == 0 {
			f.source = source
			continue
		}
		f.dropIns = append(f.dropIns, source)
	}
	for line := range strings.Lines(string(archive.Comment)) {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "", "#":
		case "manager":
			f.options.Mode = Mode(rest)
		case "systemd":
			version, err := strconv.Atoi(rest)
			if err != nil {
				t.Fatal(err)
			}
			f.options.Systemd = version
		case "live":
			f.live = append(f.live, rest)
		case "fault":
			f.faults = append(f.faults, rest)
		case "workers":
			f.workers = rest
		case "units", "is", "has", "last", "lacks":
			f.assertions = append(f.assertions, line)
		default:
			t.Fatalf("%s: unknown assertion %q", name, line)
		}
	}
	if len(archive.Files) == 0 || len(f.faults)+len(f.assertions) == 0 && f.workers == "" {
		t.Fatalf("%s: wanted a .cluster file and assertions", name)
	}
	return f
}

func (f fixture) generate() ([]File, error) {
	c, err := spec.Parse(f.source.Path, f.source.Data, f.dropIns...)
	if err != nil {
		return nil, err
	}
	if f.workers != "" && c.Workers.String() != f.workers {
		return nil, fmt.Errorf("Workers=%s, wanted %s", c.Workers, f.workers)
	}
	return Generate(c, f.options)
}

func TestFixtures(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			files, err := f.generate()
			if len(f.faults) > 0 {
				f.checkFaults(t, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, assertion := range f.assertions {
				if err := check(files, assertion); err != nil {
					t.Errorf("%s: %v", assertion, err)
				}
			}
		})
	}
}

func (f fixture) checkFaults(t *testing.T, err error) {
	if err == nil {
		t.Fatalf("it was taken, wanted the faults %q", f.faults)
	}
	lines := strings.Split(err.Error(), "\n")
	for _, want := range f.faults {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("no fault %q", want)
		}
	}
	if len(lines) != len(f.faults) || t.Failed() {
		t.Errorf("wanted %d faults, got:\n%v", len(f.faults), err)
	}
}

func check(files []File, assertion string) error {
	words := strings.SplitN(assertion, " ", 4)
	if words[0] == "units" {
		var names []string
		for _, file := range files {
			names = append(names, file.Name)
		}
		want := strings.Fields(assertion)[1:]
		slices.Sort(want)
		if !slices.Equal(names, want) {
			return fmt.Errorf("got %q", names)
		}
		return nil
	}
	if len(words) < 4 {
		return errors.New("wanted UNIT SECTION KEY")
	}
	at := slices.IndexFunc(files, func(f File) bool { return f.Name == words[1] })
	if at < 0 {
		return errors.New("no such unit")
	}
	key, value, _ := strings.Cut(words[3], "=")
	values := valuesOf(files[at].Data, words[2], key)
	switch {
	case words[0] == "is" && slices.Equal(values, []string{value}):
	case words[0] == "has" && slices.Contains(values, value):
	case words[0] == "last" && len(values) > 0 && values[len(values)-1] == value:
	case words[0] == "lacks" && len(values) == 0:
	default:
		return fmt.Errorf("%s is %q in\n%s", key, values, files[at].Data)
	}
	return nil
}

// valuesOf are the values of a key as systemd takes them: an empty one forgets
// those before it.
func valuesOf(unit []byte, section, key string) []string {
	var settings []spec.Setting
	in := ""
	for line := range strings.Lines(string(unit)) {
		line = strings.TrimSuffix(line, "\n")
		name, value, isSetting := strings.Cut(line, "=")
		switch {
		case strings.HasPrefix(line, "["):
			in = strings.Trim(line, "[]")
		case isSetting && in == section && !strings.HasPrefix(line, "#"):
			settings = append(settings, spec.Setting{Key: name, Value: value})
		}
	}
	return spec.All(settings, key)
}
