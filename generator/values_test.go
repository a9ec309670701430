package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/tests/sandbox"
)

// nasty is what values of the next test are made of: all that means something to
// systemd, to a shell or to a terminal somewhere.
var nasty = []string{
	`\`, `\n`, `\x0a`, `"`, `'`, `%`, `%%`, `$`, `${A}`, `$$`, `#`, `;`, `=`, `[`, `]`, "[Service]", "ExecStart=/bin/false", ".include /x",
	" ", "  ", "\t", "\u00a0", "\u2028", "\x1b[2J", "\x7f", "\r", "\n", "\x00", "ü", "☃", "a", "B", "7", "/", "..", "-", "@", "!", "+", ":", "|", "`", "*", "~",
}

// nastyValue is the same for the same seed.
func nastyValue(seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 1))
	var value strings.Builder
	for range 1 + random.IntN(8) {
		value.WriteString(nasty[random.IntN(len(nasty))])
	}
	return value.String()
}

// anyValueComesBack: whatever the parser takes as a value that goes to a unit,
// systemd gives it back from the unit, and nothing else of the unit has changed.
func anyValueComesBack(t *testing.T, s *sandbox.Sandbox) {
	const values = 250
	want := make(map[string]string) // by unit
	for seed := range uint64(values) {
		value, name := nastyValue(seed), fmt.Sprintf("any%d", seed)
		text := "[Cluster]\nListen=http=8080\nAdmin=no\n[Unit]\nDescription=" + value + "\nDocumentation=https://after.example/\n[Service]\nExecStart=/usr/bin/true\n"
		c, err := spec.Parse(name+".cluster", []byte(text))
		if err != nil || len(c.Sections["Unit"]) != 2 {
			continue // refused, or the value holds a line of its own
		}
		files, err := Generate(c, Options{})
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file.Name, "@.service") {
				writeUnit(t, s, file)
			}
		}
		if description := spec.Last(c.Sections["Unit"], "Description"); description != "" {
			want[name+"@1.service"] = description
		}
	}
	t.Logf("%d of %d values were taken", len(want), values)
	if len(want) < values/3 {
		t.Error("too few values were taken for this to say anything")
	}
	run(t, s, "systemctl", "daemon-reload")
	show := []string{"systemctl", "show", "--property=Id,Description,Documentation,ExecStart"}
	for unit := range want {
		show = append(show, unit)
	}
	for block := range strings.SplitSeq(strings.TrimSpace(run(t, s, show...)), "\n\n") {
		got := make(map[string]string)
		for line := range strings.SplitSeq(block, "\n") {
			key, value, _ := strings.Cut(line, "=")
			got[key] = value
		}
		unit := got["Id"]
		if plain, ok := specifiers(want[unit]); ok && got["Description"] != plain {
			t.Errorf("%s: systemd has %q, wanted %q", unit, got["Description"], plain)
		}
		if got["Documentation"] != "https://after.example/" || !strings.Contains(got["ExecStart"], "path=/usr/bin/true ") {
			t.Errorf("%s: %q has changed what stands after it: %q", unit, want[unit], got)
		}
	}
}

func writeUnit(t *testing.T, s *sandbox.Sandbox, file File) {
	t.Helper()
	if err := s.WriteFile("/run/systemd/system/"+file.Name, file.Data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// specifiers is what systemd makes of a text: "%%" is "%". Of other specifiers it
// makes something of its own, and leaves what is none.
func specifiers(text string) (string, bool) {
	rest := strings.ReplaceAll(text, "%%", "")
	if at := strings.IndexByte(rest, '%'); at >= 0 {
		return "", false
	}
	return strings.ReplaceAll(text, "%%", "%"), true
}

// anyPathListens: a socket of any path that the parser takes listens at that path.
func anyPathListens(t *testing.T, s *sandbox.Sandbox) {
	const paths = 300
	want := make(map[string]string) // by unit
	for seed := range uint64(paths) {
		name := fmt.Sprintf("path%d", seed)
		path := fmt.Sprintf("/run/paths/%d%s", seed, strings.ReplaceAll(nastyValue(seed), "/", "_"))
		c, err := spec.Parse(name+".cluster", []byte("[Cluster]\nListen=http="+path+"\n[Service]\nExecStart=/usr/bin/true\n"))
		if err != nil {
			continue
		}
		files, err := Generate(c, Options{})
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		for _, file := range files {
			if file.Name == name+".socket" || file.Name == name+"-activate.service" {
				writeUnit(t, s, file)
			}
		}
		want[name+".socket"] = c.Listen[0].Address
	}
	t.Logf("%d of %d paths were taken", len(want), paths)
	run(t, s, "systemctl", "daemon-reload")
	start := []string{"systemctl", "start"}
	for unit := range want {
		start = append(start, unit)
	}
	run(t, s, start...)
	for unit, path := range want {
		if _, err := os.Lstat(filepath.Join(s.Path("/run/paths"), filepath.Base(path))); errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s does not listen at %q", unit, path)
		}
	}
}
