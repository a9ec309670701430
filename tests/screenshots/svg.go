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

const style = `text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d8dee9}` +
	`.b{font-weight:bold}.d{fill:#7b8494}.r{fill:#e06c75}.g{fill:#98c379}.y{fill:#e5c07b}`

// look is how text looks: classes of the style.
type look struct{ weight, colour string }

func (l look) String() string { return strings.TrimSpace(l.weight + " " + l.colour) }

// after is the look after a sequence of SGR (ECMA-48), of what clusterctl uses.
func (l look) after(parameters string) look {
	for parameter := range strings.SplitSeq(parameters, ";") {
		switch parameter {
		case "", "0":
			l = look{}
		case "1":
			l.weight = "b"
		case "2":
			l.weight = "d"
		case "22":
			l.weight = ""
		case "31":
			l.colour = "r"
		case "32":
			l.colour = "g"
		case "33":
			l.colour = "y"
		case "39":
			l.colour = ""
		}
	}
	return l
}

// span is a piece of a line that looks the same and has no gap in it: a gap is as
// wide as the font has it, and the next piece stands on the grid again.
type span struct {
	column int
	look   look
	text   string
}

// render draws a screen as a terminal shows it, its colours in the lines.
func render(title string, screen []string, columns int) string {
	width, height := float64(columns)*charWidth+2*margin, len(screen)*lineHeight+2*margin
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" role="img">`+"\n", width, height)
	fmt.Fprintf(&svg, "<title>%s</title>\n<style>%s</style>\n", html.EscapeString(title), style)
	fmt.Fprintf(&svg, `<rect width="100%%" height="100%%" rx="6" fill="#22272e"/>`+"\n")
	var now look // it holds over the ends of lines
	for i, line := range screen {
		var pieces []span
		pieces, now = spans(line, now)
		for _, s := range pieces {
			class := ""
			if s.look != (look{}) {
				class = fmt.Sprintf(` class="%s"`, s.look)
			}
			fmt.Fprintf(&svg, `<text x="%.1f" y="%d"%s>%s</text>`+"\n", margin+float64(s.column)*charWidth, margin+i*lineHeight+lineHeight*3/4, class, html.EscapeString(s.text))
		}
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

// spans are the pieces of a line, and the look at its end.
func spans(line string, now look) ([]span, look) {
	var all []span
	column := 0
	add := func(text string) {
		for piece := range strings.SplitAfterSeq(text, "  ") {
			indent := len(piece) - len(strings.TrimLeft(piece, " "))
			if trimmed := strings.Trim(piece, " "); trimmed != "" {
				all = append(all, span{column + indent, now, trimmed})
			}
			column += utf8.RuneCountInString(piece)
		}
	}
	for {
		text, rest, escaped := strings.Cut(line, "\x1b[")
		add(text)
		if !escaped {
			return all, now
		}
		parameters, after, _ := strings.Cut(rest, "m")
		now, line = now.after(parameters), after
	}
}
