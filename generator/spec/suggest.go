package spec

import (
	"fmt"
	"strings"
)

// didYouMean names the known word that is nearest, or else all of them.
func didYouMean(word string, known []string) string {
	if near := nearest(word, known, 3); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return fmt.Sprintf(", wanted one of: %s", strings.Join(known, ", "))
}

// nearest is the known word that takes the fewest changes, at most so many; ""
// if there is none. A word that was cut short is one change away; the first of
// several wins.
func nearest(word string, known []string, most int) string {
	best, distance := "", most+1
	if len(word) > 64 {
		return ""
	}
	for _, candidate := range known {
		a, b := strings.ToLower(word), strings.ToLower(candidate)
		d := editDistance(a, b)
		if len(a) > 2 && strings.HasPrefix(b, a) {
			d = min(d, 1)
		}
		if d < distance {
			best, distance = candidate, d
		}
	}
	return best
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
