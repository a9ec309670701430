package main

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
)

// notices writes the texts as they are.
func notices(out io.Writer, modules []module) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "clusterctl is linked with %d works of others. These are their terms.\n", len(modules))
	for _, m := range modules {
		if err := m.check(); err != nil {
			return err
		}
		for _, l := range m.Licenses {
			fmt.Fprintf(w, "\n%s\n%s %s: %s\n%s\n\n", rule, m.Path, m.Version, path.Join(l.Dir, l.File), rule)
			fmt.Fprintln(w, strings.TrimSpace(l.Text))
		}
	}
	return w.Flush()
}

// list writes the names of the licences of each module.
func list(out io.Writer, modules []module) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, m := range modules {
		if err := m.check(); err != nil {
			return err
		}
		var names []string
		for _, l := range m.Licenses {
			if name, ok := l.spdx(); ok && !slices.Contains(names, name) && !l.isNotice() {
				names = append(names, name)
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", m.Path, m.Version, strings.Join(names, ", "))
	}
	return table.Flush()
}

var rule = strings.Repeat("-", 72)

const copyrightHead = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: clusterctl
Source: https://github.com/clusterctl/clusterctl
Comment: Written by "make golden" from the modules that go.mod names.
 clusterctl is linked with them.

Files: *
Copyright: 2026 The clusterctl authors
License: Apache-2.0

Files: cmd/dist/licenses/go.LICENSE
Copyright: 2009 The Go Authors
License: BSD-3-Clause
`

const apacheTail = `
License: Apache-2.0
 Licensed under the Apache License, Version 2.0 (the "License"); you may not use
 this file except in compliance with the License. You may obtain a copy of the
 License at https://www.apache.org/licenses/LICENSE-2.0
 .
 Unless required by applicable law or agreed to in writing, software distributed
 under the License is distributed on an "AS IS" BASIS, WITHOUT WARRANTIES OR
 CONDITIONS OF ANY KIND, either express or implied. See the License for the
 specific language governing permissions and limitations under the License.
 .
 On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.
`

// copyright writes the modules in Debian's format. The Apache licence stands once
// at the end; any other with its module, for the words differ a little.
func copyright(out io.Writer, modules []module) error {
	w := bufio.NewWriter(out)
	fmt.Fprint(w, copyrightHead, paragraph(goLicense))
	for _, m := range modules {
		if err := m.check(); err != nil {
			return err
		}
		for _, l := range m.Licenses {
			if l.isNotice() {
				continue
			}
			name, _ := l.spdx()
			holders := l.holders()
			if len(holders) == 0 || name == "Apache-2.0" {
				holders = []string{"The authors of " + m.Path}
			}
			fmt.Fprintf(w, "\nFiles: %s/*\nCopyright: %s\nLicense: %s\n", path.Join("vendor", m.Path, l.Dir), strings.Join(holders, "\n "), name)
			if name != "Apache-2.0" {
				fmt.Fprint(w, paragraph(l.Text))
			}
			fmt.Fprint(w, m.notice(l.Dir))
		}
	}
	fmt.Fprint(w, apacheTail)
	return w.Flush()
}

// notice is the text of a NOTICE file that belongs to the licence in a directory,
// as a comment.
func (m module) notice(dir string) string {
	for _, l := range m.Licenses {
		if l.isNotice() && l.Dir == dir {
			return "Comment:\n" + paragraph(l.Text)
		}
	}
	return ""
}

// paragraph is a text as deb822(5) continues a field: each line behind a blank,
// an empty one as a dot.
func paragraph(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), " \r\n")
		if line == "" {
			line = "."
		}
		fmt.Fprintf(&b, " %s\n", line)
	}
	return b.String()
}
