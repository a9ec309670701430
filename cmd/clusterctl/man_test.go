package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// manDir has the manual pages. Comments in them say what is checked:
//
//	.\" command: rollout restart, rollout undo   the flags of these follow
//	.\" section: Rollout                         the keys of it follow
//	.\" exit codes                               the codes follow
const manDir = "../dist/man"

// TestManual_Flags holds the pages against the commands: each command and each of
// its flags has its place in a page, and pages have no others.
func TestManual_Flags(t *testing.T) {
	written := make(commandFlags)
	for path, page := range manual(t) {
		written.read(t, path, page)
	}
	commands := make(map[string]*cobra.Command)
	everyCommand(newRootCommand(streams{}), func(cmd *cobra.Command) { commands[commandName(cmd)] = cmd })
	for name, flags := range written {
		cmd, ok := commands[name]
		if !ok {
			t.Errorf("the manual has a command %q, clusterctl has none", name)
			continue
		}
		existing := flagsOf(cmd)
		for flag, at := range flags {
			if !slices.Contains(existing, flag) {
				t.Errorf("%s: %q has no flag %s", at, name, flag)
			}
		}
		for _, flag := range existing {
			if _, ok := flags[flag]; !ok {
				t.Errorf("the manual lacks the flag %s of %q: write it where its page says `.\\\" command: %s`", flag, name, name)
			}
		}
	}
	for name, cmd := range commands {
		if _, ok := written[name]; !ok && !cmd.HasAvailableSubCommands() {
			t.Errorf("no page in %s has `.\\\" command: %s`", manDir, name)
		}
	}
}

// TestManual_Keys holds clusterctl.cluster(5) against the tables that the parser
// reads, defaults included.
func TestManual_Keys(t *testing.T) {
	page := readManual(t, "clusterctl.cluster.5")
	written := make(map[string]string)
	section, key := "", ""
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, `.\" section: `):
			section = strings.TrimPrefix(line, `.\" section: `)
		case strings.HasPrefix(line, ".Sh "):
			section, key = "", ""
		case section != "" && strings.HasPrefix(line, ".It Cm ") && strings.HasSuffix(line, " Ns ="):
			key = section + " " + strings.TrimSuffix(strings.TrimPrefix(line, ".It Cm "), " Ns =")
			written[key] = "?"
		case key != "" && strings.HasPrefix(line, "Default:"):
			written[key] = strings.TrimSpace(strings.TrimPrefix(line, "Default:"))
		case key != "" && written[key] == "" && strings.HasPrefix(line, ".Ql "):
			written[key] = strings.TrimSuffix(strings.TrimPrefix(line, ".Ql "), " .")
		}
	}
	for _, known := range spec.Keys() {
		name := known.Section + " " + known.Name
		got, ok := written[name]
		delete(written, name)
		switch {
		case !ok:
			t.Errorf("clusterctl.cluster.5 lacks the key %s= of [%s]", known.Name, known.Section)
		case known.Default == "" && !strings.HasPrefix(got, "none;"):
			t.Errorf("clusterctl.cluster.5: %s: wanted `Default: none;`, got %q", name, got)
		case known.Default != "" && got != known.Default:
			t.Errorf("clusterctl.cluster.5: %s: the default is %q, the page says %q", name, known.Default, got)
		}
	}
	for name := range written {
		t.Errorf("clusterctl.cluster.5 has %q, which is no key", name)
	}
}

// TestManual_ExitCodes holds clusterctl(1) and the help against exit.go.
func TestManual_ExitCodes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		value, ok := n.(*ast.ValueSpec)
		if ok && strings.HasPrefix(value.Names[0].Name, "exit") && len(value.Values) == 1 {
			if literal, ok := value.Values[0].(*ast.BasicLit); ok {
				codes = append(codes, literal.Value)
			}
		}
		return true
	})
	_, list, ok := strings.Cut(readManual(t, "clusterctl.1"), ".\\\" exit codes\n")
	if !ok {
		t.Fatal("clusterctl.1 has no list of exit codes")
	}
	list, _, _ = strings.Cut(list, ".El")
	var written []string
	for _, item := range regexp.MustCompile(`(?m)^\.It (\d+)$`).FindAllStringSubmatch(list, -1) {
		written = append(written, item[1])
	}
	if !slices.Equal(written, codes) {
		t.Errorf("clusterctl.1 has the exit codes %q, wanted %q as in exit.go", written, codes)
	}
	page, err := os.ReadFile("../dist/doc/exit-codes.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(string(page), -1) {
		rows = append(rows, row[1])
	}
	if !slices.Equal(rows, codes) {
		t.Errorf("exit-codes.md has the exit codes %q, wanted %q as in exit.go", rows, codes)
	}
	help := newRootCommand(streams{}).Long
	for _, code := range codes {
		if !regexp.MustCompile(`\b` + code + ` [a-z]`).MatchString(help) {
			t.Errorf("clusterctl --help lacks the exit code %s", code)
		}
	}
}

// TestManual_Lint has mandoc read the pages. Whether the pages of others are
// installed here is not the pages' fault.
func TestManual_Lint(t *testing.T) {
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Fatalf("%v: install it: apt-get install mandoc", err)
	}
	for path := range manual(t) {
		out, _ := exec.CommandContext(t.Context(), "mandoc", "-Tlint", path).CombinedOutput() // it exits with 1 for hints too
		for line := range strings.Lines(string(out)) {
			if !strings.Contains(line, "referenced manual not found") && !strings.Contains(line, "mandoc.db") {
				t.Error(strings.TrimSpace(line))
			}
		}
	}
}

// TestManual_References finds references among our own pages that lead nowhere,
// and pages that clusterctl(1) does not lead to.
func TestManual_References(t *testing.T) {
	pages := manual(t)
	reference := regexp.MustCompile(`(?m)^\.Xr (clusterctl[a-z.-]*) (\d)`)
	for path, page := range pages {
		for _, to := range reference.FindAllStringSubmatch(page, -1) {
			if _, ok := pages[filepath.Join(manDir, to[1]+"."+to[2])]; !ok {
				t.Errorf("%s refers to %s(%s), and there is no such page", path, to[1], to[2])
			}
		}
		name, section := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), filepath.Ext(path)[1:]
		if to := fmt.Sprintf(".Xr %s %s", name, section); name != "clusterctl" && !strings.Contains(readManual(t, "clusterctl.1"), to) {
			t.Errorf("clusterctl.1 does not refer to %s(%s)", name, section)
		}
	}
}
