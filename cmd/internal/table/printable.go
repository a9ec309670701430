package table

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable is a text that a terminal can be given: what a worker writes must not
// move the cursor, or worse. Lines and tabs stay.
func Printable(text string) string {
	if !strings.ContainsFunc(text, isControl) {
		return text
	}
	var clean strings.Builder
	for _, r := range text {
		if isControl(r) {
			clean.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
			continue
		}
		clean.WriteRune(r)
	}
	return clean.String()
}

func isControl(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r)
}
