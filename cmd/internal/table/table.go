// Package table lays out rows of text under headings, as systemctl and kubectl
// do, for terminals of any width.
//
// Its invariant: what does not fit is left out by whole columns, the least
// important first, and only then cut, with an ellipsis that says so. Where there
// is no terminal nothing is left out and nothing is coloured.
package table

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Column is a heading and what it is worth: of two columns the one with the
// higher rank is left out first.
type Column struct {
	Title string
	Rank  int
}

// Cell is one field of a row.
type Cell struct {
	Text  string
	Style Style
}

// Plain are cells without a style.
func Plain(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, text := range texts {
		cells[i].Text = text
	}
	return cells
}

// Table is made whole before it is printed, for its columns are as wide as their
// widest cell.
type Table struct {
	Columns []Column
	Rows    [][]Cell
	printed []int // how wide the columns were when rows were last printed
}

// Add adds a row. It has a cell for each column, and of what a worker says of
// itself only what can be printed on one line.
func (t *Table) Add(cells ...Cell) {
	for i := range cells {
		cells[i].Text = Printable(oneLine.Replace(cells[i].Text))
	}
	t.Rows = append(t.Rows, cells)
}

var oneLine = strings.NewReplacer("\n", " ", "\t", " ")

const gap = "  "

// Fprint prints the headings and the rows for an output.
func (t *Table) Fprint(w io.Writer, o Output) error {
	headings := make([]Cell, len(t.Columns))
	for i, column := range t.Columns {
		headings[i] = Cell{column.Title, Bold}
	}
	return t.print(w, o, append([][]Cell{headings}, t.Rows...))
}

// FprintMore prints the rows under those that were printed before.
func (t *Table) FprintMore(w io.Writer, o Output) error { return t.print(w, o, t.Rows) }

func (t *Table) print(w io.Writer, o Output, rows [][]Cell) error {
	t.printed = t.widths()
	kept := t.fit(t.printed, o.Width)
	var all strings.Builder
	for _, row := range rows {
		all.WriteString(line(row, kept, t.printed, o))
	}
	_, err := io.WriteString(w, all.String())
	return err
}

// line pads before it colours: an escape sequence has no width.
func line(row []Cell, kept, widths []int, o Output) string {
	var line strings.Builder
	left, owed := o.Width, 0
	for _, i := range kept {
		text := row[i].Text
		if o.Width > 0 {
			text = Cut(text, left)
			left -= widths[i] + len(gap)
		}
		if text != "" {
			line.WriteString(strings.Repeat(" ", owed))
			line.WriteString(o.Paint(row[i].Style, text))
			owed = 0
		}
		owed += widths[i] - utf8.RuneCountInString(text) + len(gap)
	}
	line.WriteByte('\n')
	return line.String()
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.Columns))
	for i, column := range t.Columns {
		widths[i] = utf8.RuneCountInString(column.Title)
		if t.printed != nil {
			widths[i] = t.printed[i]
		}
		for _, row := range t.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].Text))
		}
	}
	return widths
}

// fit are the columns that have room; the first always has.
func (t *Table) fit(widths []int, width int) []int {
	kept := make([]int, len(t.Columns))
	for i := range kept {
		kept[i] = i
	}
	for width > 0 && len(kept) > 1 && total(kept, widths) > width {
		worst := 1
		for n := 1; n < len(kept); n++ {
			if t.Columns[kept[n]].Rank >= t.Columns[kept[worst]].Rank {
				worst = n
			}
		}
		kept = slices.Delete(kept, worst, worst+1)
	}
	return kept
}

func total(kept, widths []int) int {
	total := len(gap) * (len(kept) - 1)
	for _, i := range kept {
		total += widths[i]
	}
	return total
}

// Cut is a text with at most so many characters.
func Cut(text string, width int) string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
