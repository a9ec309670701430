package docs

import (
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// TestReasons holds the table of rollouts.md against the reasons that a rollout
// can have: people look them up there.
func TestReasons(t *testing.T) {
	source := readPage(t, filepath.Join(stage.Root(), "units/rollout/run.go"))
	var known []string
	for _, match := range regexp.MustCompile(`Reason = "(\w+)"`).FindAllStringSubmatch(source, -1) {
		known = append(known, match[1])
	}
	page := readPage(t, filepath.Join(stage.Root(), "cmd/dist/doc/rollouts.md"))
	var written []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`\\w+`(?:, `\\w+`)*) \\|").FindAllStringSubmatch(page, -1) {
		written = append(written, regexp.MustCompile(`\w+`).FindAllString(row[1], -1)...)
	}
	slices.Sort(known)
	slices.Sort(written)
	if len(known) == 0 || !slices.Equal(known, written) {
		t.Errorf("rollouts.md has the reasons\n%q\nunits/rollout has\n%q", written, known)
	}
}
