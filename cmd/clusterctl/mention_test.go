package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestMentions looks at every command line that people are told to type, in the
// documentation, the manual and the hints of errors: the commands and flags in it
// are there.
func TestMentions(t *testing.T) {
	found := 0
	for _, mention := range append(documented(t), hinted(t)...) {
		found++
		if fault := faultOf(mention.line); fault != "" {
			t.Errorf("%s: `clusterctl %s`: %s", mention.path, mention.line, fault)
		}
	}
	if found < 100 {
		t.Errorf("only %d command lines were found: the search is broken", found)
	}
}

func TestMentions_Faults(t *testing.T) {
	for line, fault := range map[string]string{
		"rollout status web --watch=false": "",
		"--version":                        "",
		"deploi web":                       `unknown command "deploi" for "clusterctl" (did you mean "deploy"?)`,
		"rollout starts web":               `unknown command "starts" for "clusterctl rollout" (did you mean "status"?)`,
		"rollout restart web --watch":      "unknown flag: --watch",
		"rollout restart web -w":           "unknown shorthand flag: 'w' in -w",
	} {
		if got := faultOf(line); got != fault {
			t.Errorf("%q: got %q, wanted %q", line, got, fault)
		}
	}
}

type mention struct{ path, line string }

// faultOf is what a command line has that clusterctl has not, "" if nothing.
func faultOf(line string) string {
	cmd, rest, err := newRootCommand(streams{}).Find(strings.Fields(line))
	if err != nil {
		return err.Error()
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	if err := cmd.ParseFlags(rest); err != nil && strings.Contains(err.Error(), "unknown") {
		return err.Error()
	}
	if cmd.HasSubCommands() {
		if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
			return err.Error()
		}
	}
	return ""
}

// typed is a command line in a code block or between backquotes, up to what the
// shell makes of it.
var typed = regexp.MustCompile("(?:^|[\\s`(\"])clusterctl ([^`|;&#>)$\n]+)")

// documented are the command lines of the pages, from their code alone.
func documented(t *testing.T) []mention {
	t.Helper()
	var mentions []mention
	for _, pattern := range []string{"../../*.md", "../dist/doc/*.md", manDir + "/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: nothing there (error: %v)", pattern, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			code := codeOfMarkdown
			if !strings.HasSuffix(path, ".md") {
				code = codeOfManual
			}
			for _, match := range typed.FindAllStringSubmatch(code(string(data)), -1) {
				mentions = append(mentions, mention{path, strings.TrimRight(match[1], " ,.:")})
			}
		}
	}
	return mentions
}

func codeOfMarkdown(page string) string {
	var code strings.Builder
	fenced := false
	for line := range strings.Lines(strings.ReplaceAll(page, "\\\n", " ")) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = strings.TrimSpace(line) != "```" && !strings.HasSuffix(strings.TrimSpace(line), "text")
			continue
		}
		if fenced {
			code.WriteString(line)
			continue
		}
		for _, span := range regexp.MustCompile("`[^`]+`").FindAllString(line, -1) {
			code.WriteString(span + "\n")
		}
	}
	return code.String()
}

func codeOfManual(page string) string {
	var code strings.Builder
	literal := false
	for line := range strings.Lines(strings.ReplaceAll(page, "\\e\n", " ")) {
		switch {
		case strings.HasPrefix(line, ".Bd -literal"):
			literal = true
		case strings.HasPrefix(line, ".Ed"):
			literal = false
		case literal:
			code.WriteString(line)
		default:
			if quoted, ok := strings.CutPrefix(line, ".Ql "); ok {
				code.WriteString(quoted)
			}
		}
	}
	return code.String()
}

// hinted are the string literals of the program that begin with a command line.
func hinted(t *testing.T) []mention {
	t.Helper()
	var mentions []mention
	for _, dir := range []string{".", "../../units/rollout"} {
		paths, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(literal.Value)
				// A longer one is a sentence, and what ends a line is output.
				if words := strings.Fields(text); err == nil && strings.HasPrefix(text, "clusterctl ") && len(words) < 12 && !strings.HasSuffix(text, "\n") {
					line := strings.ReplaceAll(strings.Split(text, "\n")[0], "%s", "web")
					for _, match := range typed.FindAllStringSubmatch(line, -1) {
						mentions = append(mentions, mention{path, match[1]})
					}
				}
				return true
			})
		}
	}
	return mentions
}
