package generator

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// FuzzGenerate: whatever the parser takes, no value breaks out of its line. The
// units have the sections and the settings that they are to have, in their order,
// and nothing else.
func FuzzGenerate(f *testing.F) {
	for _, fixture := range fixtures(f) {
		f.Add(fixture.source.Data)
	}
	corpus, err := os.ReadFile("testdata/corpus/FuzzGenerate.txt") // of earlier fuzzing, one a line, quoted as in Go
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(corpus)) {
		input, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			f.Fatalf("%s: %v", line, err)
		}
		f.Add([]byte(input))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := spec.Parse("web.cluster", data)
		if err != nil {
			return
		}
		o := Options{Systemd: 999}
		files, err := Generate(c, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			got := read(t, file)
			for _, section := range got {
				want, known := wanted(c, o, file.Name, section.name)
				if tail := section.settings[max(0, len(section.settings)-len(want)):]; known && !slices.Equal(tail, want) {
					t.Errorf("%s [%s] ends in %q, wanted %q\n%s", file.Name, section.name, tail, want, file.Data)
				}
			}
			if names := sectionNames(got); !slices.Equal(names, sectionsOf(file.Name)) {
				t.Errorf("%s has the sections %q", file.Name, names)
			}
		}
	})
}

type readSection struct {
	name     string
	settings []string
}

// read takes a unit apart as systemd does: each line is one of these four kinds,
// and none goes on in the next.
func read(t *testing.T, file File) []readSection {
	var sections []readSection
	for line := range strings.Lines(string(file.Data)) {
		line = strings.TrimSuffix(line, "\n")
		backslashes := len(line) - len(strings.TrimRight(line, `\`))
		switch {
		case strings.HasPrefix(line, "#"):
		case backslashes%2 == 1 || strings.ContainsAny(line, "\r\x00\f\v"):
			t.Errorf("%s: %q goes on in the next line", file.Name, line)
		case line == "":
		case strings.HasPrefix(line, "["):
			sections = append(sections, readSection{name: strings.Trim(line, "[]")})
		case len(sections) == 0 || !strings.Contains(line, "="):
			t.Errorf("%s: %q is no setting", file.Name, line)
		default:
			last := &sections[len(sections)-1]
			last.settings = append(last.settings, line)
		}
	}
	return sections
}

func sectionNames(sections []readSection) []string {
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	return names
}

func sectionsOf(unit string) []string {
	switch {
	case unit == "web.service":
		return []string{"Unit", "Service", "Install", "X-Cluster"}
	case unit == "web@.service":
		return []string{"Unit", "Service", "Install"}
	case unit == "web-activate.service":
		return []string{"Unit", "Service"}
	case unit == "web-admin@.socket":
		return []string{"Unit", "Socket"}
	case strings.HasSuffix(unit, ".socket"):
		return []string{"Unit", "Socket", "Install"}
	case strings.HasSuffix(unit, ".slice"):
		return []string{"Unit", "Slice"}
	}
	return []string{"Unit"}
}

// wanted are the last lines of a section: what the .cluster file says of it.
func wanted(c *spec.Cluster, o Options, unit, section string) ([]string, bool) {
	isSocket := strings.HasSuffix(unit, ".socket") && unit != "web-admin@.socket"
	if unit != "web@.service" && (section != "Socket" || !isSocket) && section != "Slice" || section == "Install" {
		return nil, false
	}
	var lines []string
	for _, s := range c.Sections[section] {
		lines = append(lines, s.Key+"="+inRelease(c.Name, o.Mode, s))
	}
	for _, l := range listeners(c) {
		for _, s := range l.Options {
			if isSocket && l.Unit == unit {
				lines = append(lines, s.Key+"="+s.Value)
			}
		}
	}
	return lines, true
}

// A directory may have any name.
func TestGenerate_PathOfTheFile(t *testing.T) {
	for dir, want := range map[string]string{
		"/srv/100%": "SourcePath=/srv/100%%/web.cluster\n",
		"/srv/ü x":  "SourcePath=/srv/ü x/web.cluster\n",
		"/srv/a\nb": "",
	} {
		c, err := spec.Parse(dir+"/web.cluster", []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		files, err := Generate(c, Options{Search: []string{dir}})
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), "a control character in the path") {
				t.Errorf("%q: %v", dir, err)
			}
			continue
		}
		if err != nil || !strings.Contains(string(files[0].Data), want) {
			t.Errorf("%q: no %q (%v)\n%s", dir, want, err, files[0].Data)
		}
		name := t.TempDir() + "/x.service"
		if err := os.WriteFile(name, files[0].Data, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := sourcePath(name); err != nil || got != dir+"/web.cluster" {
			t.Errorf("read back %q (%v)", got, err)
		}
	}
}
