package table

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Style is how a text looks on a terminal.
type Style string

// The styles, as the parameters of SGR (ECMA-48).
const (
	Normal Style = ""
	Bold   Style = "1"
	Good   Style = "32" // green
	Odd    Style = "33" // yellow
	Bad    Style = "31" // red
	Dim    Style = "2"
)

// Output says what the other end can show. The zero Output is a file or a pipe.
type Output struct {
	Width  int // 0 is without end
	Colour bool
}

// OutputOf asks the terminal, if there is one. NO_COLOR is that of no-color.org.
func OutputOf(w io.Writer) Output {
	file, ok := w.(*os.File)
	if !ok {
		return Output{}
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return Output{}
	}
	dumb := os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == ""
	return Output{Width: int(size.Col), Colour: !dumb && os.Getenv("NO_COLOR") == ""}
}

// Paint gives the text its style where there are colours.
func (o Output) Paint(style Style, text string) string {
	if !o.Colour || style == Normal {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}
