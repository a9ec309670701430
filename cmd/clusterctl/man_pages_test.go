package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func manual(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(manDir, "clusterctl*.[1578]"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no manual pages in %s (error: %v)", manDir, err)
	}
	pages := make(map[string]string, len(paths))
	for _, path := range paths {
		pages[path] = readManual(t, filepath.Base(path))
	}
	return pages
}

func readManual(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(manDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// commandFlags are the flags of each command, and where a page has them.
type commandFlags map[string]map[string]string

func (c commandFlags) read(t *testing.T, path, page string) {
	t.Helper()
	var commands []string
	number := 0
	for line := range strings.Lines(page) {
		number++
		at := fmt.Sprintf("%s:%d", path, number)
		line = strings.TrimSpace(line)
		if names, ok := strings.CutPrefix(line, `.\" command: `); ok {
			commands = strings.Split(names, ", ")
			for _, command := range commands {
				if c[command] == nil {
					c[command] = make(map[string]string)
				}
			}
		}
		item, ok := strings.CutPrefix(line, ".It Fl ")
		if ok && len(commands) == 0 {
			t.Errorf("%s: a flag before `.\\\" command: NAME`", at)
		}
		for _, command := range commands {
			if ok {
				c[command][flagOfItem(item)] = at
			}
		}
	}
}

// flagOfItem reads "o Ar DIR , Fl Fl output Ar DIR" as "-o, --output".
func flagOfItem(item string) string {
	var short, long string
	words := strings.Fields("Fl " + item)
	for i := 0; i+1 < len(words); i++ {
		switch {
		case words[i] == "Fl" && words[i+1] == "Fl" && i+2 < len(words):
			long = "--" + words[i+2]
			i += 2
		case words[i] == "Fl":
			short = "-" + words[i+1]
			i++
		}
	}
	if short != "" && long != "" {
		return short + ", " + long
	}
	return short + long
}

func flagsOf(cmd *cobra.Command) []string {
	var flags []string
	add := func(f *pflag.Flag) {
		switch {
		case f.Hidden:
		case f.Shorthand != "":
			flags = append(flags, fmt.Sprintf("-%s, --%s", f.Shorthand, f.Name))
		default:
			flags = append(flags, "--"+f.Name)
		}
	}
	if cmd.HasParent() {
		cmd.LocalNonPersistentFlags().VisitAll(add)
		return slices.DeleteFunc(flags, func(f string) bool { return f == "-h, --help" }) // of clusterctl(1), for all
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	cmd.Flags().VisitAll(add)
	cmd.PersistentFlags().VisitAll(add)
	slices.Sort(flags)
	return slices.Compact(flags)
}

func everyCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	if cmd.Hidden {
		return
	}
	if cmd.Runnable() {
		do(cmd)
	}
	for _, sub := range cmd.Commands() {
		everyCommand(sub, do)
	}
}

// commandName is "rollout restart", without the name of the program.
func commandName(cmd *cobra.Command) string {
	_, name, ok := strings.Cut(cmd.CommandPath(), " ")
	if !ok {
		return cmd.CommandPath()
	}
	return name
}
