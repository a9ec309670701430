package spec

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// file is a file in systemd's syntax (systemd.syntax(7)): sections of
// assignments, in their order.
type file struct{ sections []section }

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

const blanks = " \t"

// parseFile reads the syntax alone, as systemd's config_parse does: comments,
// sections, assignments, and lines that a backslash continues. What it returns
// beside an error is what could be read all the same.
func parseFile(path string, data []byte) (file, error) {
	if !utf8.Valid(data) {
		return file{}, fmt.Errorf("%s: not a text file in UTF-8", path)
	}
	var f file
	var faults []error
	fault := func(line int, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s:%d: %w", path, line, fmt.Errorf(format, args...)))
	}
	for _, line := range logicalLines(data) {
		text := strings.Trim(line.text, blanks)
		name, isHeader := header(text)
		key, value, isSetting := strings.Cut(text, "=")
		switch {
		case text == "":
		case strings.ContainsFunc(text, isControl):
			fault(line.number, "%q: a control character, wanted text", text)
		case line.blankAfterBackslash:
			fault(line.number, `%q: blanks after the last "\", wanted nothing there for a line that goes on, or "\\" for a backslash`, text)
		case isHeader:
			f.sections = append(f.sections, section{name: name, line: line.number})
		case !isSetting:
			fault(line.number, "%q: wanted KEY=VALUE, [SECTION] or a comment", text)
		case len(f.sections) == 0:
			fault(line.number, "%q stands before the first [SECTION]", text)
		default:
			last := &f.sections[len(f.sections)-1]
			last.settings = append(last.settings, Setting{Key: strings.Trim(key, blanks), Value: strings.Trim(value, blanks), Line: line.number})
		}
	}
	return f, errors.Join(faults...)
}

// logicalLine is a line with those that continue it.
type logicalLine struct {
	number              int // of its first line
	text                string
	blankAfterBackslash bool
}

// logicalLines joins the lines that end in a backslash with the next; comments
// in between are passed over, an empty line ends them (systemd.syntax(7)).
func logicalLines(data []byte) []logicalLine {
	text := strings.TrimPrefix(string(data), "\uFEFF")
	var lines []logicalLine
	open := false // the last line goes on
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.HasPrefix(strings.TrimLeft(line, blanks), "#") || strings.HasPrefix(strings.TrimLeft(line, blanks), ";") {
			continue
		}
		if !open {
			lines = append(lines, logicalLine{number: i + 1})
		}
		last := &lines[len(lines)-1]
		last.text += line
		last.blankAfterBackslash = !endsInBackslash(last.text) && endsInBackslash(strings.TrimRight(last.text, blanks))
		open = endsInBackslash(last.text)
		if open {
			last.text = last.text[:len(last.text)-1] + " "
		}
	}
	return lines
}

// endsInBackslash says that the last character is a backslash that no other
// one escapes.
func endsInBackslash(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}

func isControl(r rune) bool { return unicode.IsControl(r) && r != '\t' }

func header(line string) (string, bool) {
	if len(line) < 2 || line[0] != '[' || line[len(line)-1] != ']' {
		return "", false
	}
	return line[1 : len(line)-1], true
}

// checkValue says why a value can't stand on one line of a unit file, if so.
func checkValue(value string) error {
	switch {
	case !utf8.ValidString(value):
		return fmt.Errorf("%q: not UTF-8", value)
	case strings.ContainsFunc(value, isControl):
		return fmt.Errorf("%q: a line break or another control character, wanted one line", value)
	case endsInBackslash(value):
		return fmt.Errorf(`%q: ends in a backslash, which would join it with the next line`, value)
	}
	return nil
}

// write appends a section in the same syntax.
func writeSection(text *bytes.Buffer, name string, settings []Setting) {
	if len(settings) == 0 {
		return
	}
	if text.Len() > 0 {
		text.WriteByte('\n')
	}
	fmt.Fprintf(text, "[%s]\n", name)
	for _, s := range settings {
		fmt.Fprintf(text, "%s=%s\n", s.Key, s.Value)
	}
}

func faultAt(path string, line int, key, format string, args ...any) error {
	where := path
	if line > 0 {
		where = fmt.Sprintf("%s:%d", path, line)
	}
	return fmt.Errorf("%s: %s: %w", where, key, fmt.Errorf(format, args...))
}
