// Package spec is the .cluster file and the rollout policy: what may stand in
// them, what it means, and what is wrong with it.
//
// Its invariant: a Cluster that Parse or New returns without an error is one
// from which units can be generated, and each value in it fits on one line of a
// unit file. All faults of a file are found in one go, each with its line.
package spec

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// file is a file in systemd's syntax (systemd.syntax(7)): sections of
// assignments, in their order.
type file struct {
	sections []section
}

type section struct {
	name     string
	line     int
	settings []Setting
}

func (f file) section(name string) []Setting {
	var settings []Setting
	for _, s := range f.sections {
		if s.name == name {
			settings = append(settings, s.settings...)
		}
	}
	return settings
}

// parseFile reads the syntax alone: comments, sections, assignments and lines
// that a backslash continues.
func parseFile(path string, data []byte) (file, error) {
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return file{}, fmt.Errorf("%s: not a text file in UTF-8", path)
	}
	var f file
	var faults []error
	lines := strings.Split(string(data), "\n")
	for at := 0; at < len(lines); at++ {
		number := at + 1
		line := strings.TrimSpace(lines[at])
		if isComment(line) {
			continue
		}
		for strings.HasSuffix(line, `\`) && at+1 < len(lines) {
			at++
			if next := strings.TrimSpace(lines[at]); !isComment(next) || next == "" {
				line = strings.TrimSuffix(line, `\`) + " " + next
			}
		}
		line = strings.TrimSpace(line)
		switch name, isHeader := header(line); {
		case isHeader:
			f.sections = append(f.sections, section{name: name, line: number})
		case !strings.Contains(line, "="):
			faults = append(faults, fmt.Errorf("%s:%d: %q: wanted KEY=VALUE, [SECTION] or a comment", path, number, line))
		case len(f.sections) == 0:
			faults = append(faults, fmt.Errorf("%s:%d: %q stands before the first [SECTION]", path, number, line))
		default:
			key, value, _ := strings.Cut(line, "=")
			last := &f.sections[len(f.sections)-1]
			last.settings = append(last.settings, Setting{strings.TrimSpace(key), strings.TrimSpace(value), number})
		}
	}
	return f, errors.Join(faults...)
}

func isComment(line string) bool {
	return line == "" || line[0] == '#' || line[0] == ';'
}

func header(line string) (string, bool) {
	if len(line) < 2 || line[0] != '[' || line[len(line)-1] != ']' {
		return "", false
	}
	return line[1 : len(line)-1], true
}

func faultAt(path string, line int, key, format string, args ...any) error {
	where := path
	if line > 0 {
		where = fmt.Sprintf("%s:%d", path, line)
	}
	return fmt.Errorf("%s: %s: %w", where, key, fmt.Errorf(format, args...))
}

// didYouMean names the known word that is nearest, if one is near.
func didYouMean(word string, known []string) string {
	best, distance := "", 4
	for _, candidate := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return fmt.Sprintf(", wanted one of: %s", strings.Join(known, ", "))
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// editDistance is Levenshtein's: how many letters must change.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
