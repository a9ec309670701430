package spec

import (
	"bytes"
	"fmt"
	"strings"
)

// Starter is a .cluster file to begin with: a listener, a command, and every key
// with what it means and its default in a comment.
func Starter() []byte {
	var text bytes.Buffer
	text.WriteString("# The name of this file is the name of the cluster. The syntax is that of systemd's\n# unit files.\n")
	section := ""
	for _, key := range Keys() {
		if key.Section != section {
			section = key.Section
			fmt.Fprintf(&text, "\n[%s]\n", section)
		}
		for _, line := range wrap(key.Means, 80) {
			fmt.Fprintf(&text, "# %s\n", line)
		}
		switch key.Name {
		case "Workers":
			fmt.Fprintf(&text, "%s=%s\n", key.Name, key.Default)
		case "Listen":
			fmt.Fprintf(&text, "%s=http=127.0.0.1:8080\n", key.Name)
		default:
			fmt.Fprintf(&text, "#%s=%s\n", key.Name, key.Default)
		}
	}
	text.WriteString(`
# What stands in [Unit] and [Service] goes to the units of the workers, in [Socket]
# to the listeners, in [Slice] to the slice of all workers, and in [Install] to the
# cluster. A relative command is in the release of its worker.
[Service]
ExecStart=/usr/bin/web
`)
	return text.Bytes()
}

// wrap breaks a text into lines of at most so many letters where it has blanks.
func wrap(text string, width int) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		last := len(lines) - 1
		if last < 0 || len(lines[last])+1+len(word) > width {
			lines = append(lines, word)
			continue
		}
		lines[last] += " " + word
	}
	return lines
}
