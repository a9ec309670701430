package generator

import (
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// settings are lines of a unit. They write themselves: a template that walks them
// one by one takes four times as long, and boots wait for generators.
type settings []spec.Setting

func (s settings) String() string {
	var text strings.Builder
	for _, setting := range s {
		text.WriteString(setting.Key + "=" + setting.Value + "\n")
	}
	return text.String()
}

// line is a setting of a unit, with the comment that stands above it.
type line struct{ Why, Key, Value string }

type lines []line

func (l lines) String() string {
	var text strings.Builder
	for _, line := range l {
		if line.Why != "" {
			text.WriteString("# " + line.Why + "\n")
		}
		text.WriteString(line.Key + "=" + line.Value + "\n")
	}
	return text.String()
}
