package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

var (
	named   = regexp.MustCompile("`((?:cmd|tests|units|generator|activation|templates)/[\\w./-]+)`")
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks follows every link of a page that leads to a file of the repository,
// to its heading where it names one.
func TestLinks(t *testing.T) {
	for _, path := range append(pages(t), filepath.Join(stage.Root(), "CHANGELOG.md")) {
		text := readPage(t, path)
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, anchor := match[1], strings.TrimPrefix(match[2], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), target)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: link %q: %v", path, match[0], err)
				continue
			}
			if anchor != "" && !hasAnchor(readPage(t, to), anchor) {
				t.Errorf("%s: link %q: no such heading", path, match[0])
			}
		}
	}
}

// TestPaths looks for every file and directory of the repository that a page names.
func TestPaths(t *testing.T) {
	for _, path := range pages(t) {
		for _, match := range named.FindAllStringSubmatch(readPage(t, path), -1) {
			if _, err := os.Stat(filepath.Join(stage.Root(), match[1])); err != nil {
				t.Errorf("%s names %s: %v", path, match[1], err)
			}
		}
	}
}

// TestIndex finds pages that the index does not lead to.
func TestIndex(t *testing.T) {
	index := readPage(t, filepath.Join(stage.Root(), "cmd/dist/doc/index.md"))
	for _, dir := range []string{"doc", "man"} {
		entries, err := os.ReadDir(filepath.Join(stage.Root(), "cmd/dist", dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			name := entry.Name()
			if dir == "man" {
				name = "../man/" + name
			}
			if name != "index.md" && !entry.IsDir() && !strings.Contains(index, "("+name+")") {
				t.Errorf("cmd/dist/doc/index.md does not lead to %s", name)
			}
		}
	}
}

// hasAnchor knows the anchors that GitHub makes of headings.
func hasAnchor(page, anchor string) bool {
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		text := strings.ToLower(dropped.ReplaceAllString(match[1], ""))
		if strings.ReplaceAll(strings.TrimSpace(text), " ", "-") == anchor {
			return true
		}
	}
	return false
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
