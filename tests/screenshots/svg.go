package main

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// The grid, in pixels: a character is as wide as in most monospaced fonts.
const (
	charWidth  = 8.4
	lineHeight = 18
	margin     = 14
)

// colours are the classes of the parameters of SGR (ECMA-48) that clusterctl uses.
var colours = map[string]string{"1": "b", "2": "d", "31": "r", "32": "g", "33": "y"}

const style = `text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d8dee9;white-space:pre}` +
	`.b{font-weight:bold}.d{fill:#7b8494}.r{fill:#e06c75}.g{fill:#98c379}.y{fill:#e5c07b}`

// span is a piece of a line that looks the same.
type span struct {
	column int
	class  string
	text   string
}

// render draws a screen as a terminal shows it. Lines may have colours.
func render(title string, screen []string, columns int) string {
	width, height := float64(columns)*charWidth+2*margin, len(screen)*lineHeight+2*margin
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" role="img">`+"\n", width, height)
	fmt.Fprintf(&svg, "<title>%s</title>\n<style>%s</style>\n", html.EscapeString(title), style)
	fmt.Fprintf(&svg, `<rect width="100%%" height="100%%" rx="6" fill="#22272e"/>`+"\n")
	for i, line := range screen {
		for _, s := range spans(line) {
			class := ""
			if s.class != "" {
				class = fmt.Sprintf(` class="%s"`, s.class)
			}
			fmt.Fprintf(&svg, `<text x="%.1f" y="%d"%s>%s</text>`+"\n", margin+float64(s.column)*charWidth, margin+i*lineHeight+lineHeight*3/4, class, html.EscapeString(s.text))
		}
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

// spans are the pieces of a line, without the blanks at their ends.
func spans(line string) []span {
	var all []span
	class, column := "", 0
	add := func(text string) {
		trimmed := strings.TrimLeft(text, " ")
		at := column + len(text) - len(trimmed)
		if trimmed = strings.TrimRight(trimmed, " "); trimmed != "" {
			all = append(all, span{at, class, trimmed})
		}
		column += utf8.RuneCountInString(text)
	}
	for line != "" {
		text, rest, escaped := strings.Cut(line, "\x1b[")
		add(text)
		if !escaped {
			break
		}
		parameters, after, _ := strings.Cut(rest, "m")
		class = classOf(class, parameters)
		line = after
	}
	return all
}

// classOf is the look after a sequence of SGR. Any other than ours is plain.
func classOf(class, parameters string) string {
	for parameter := range strings.SplitSeq(parameters, ";") {
		switch next, known := colours[parameter]; {
		case !known:
			class = ""
		case class == "" || class == next:
			class = next
		default:
			class += " " + next
		}
	}
	return class
}
