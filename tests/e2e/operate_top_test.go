package e2e

import (
	"bufio"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// The live view on a terminal of script(1): it shows, asks before it acts, acts,
// rests, and gives the terminal back.
func TestTop(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := startWeb(t, s, operateSpec)
		out, err := web.Run(t.Context(), stage.Clusterctl, "top")
		requireExit(t, err, 2)
		requireMatch(t, out, `\Aclusterctl: top wants a terminal\nhint: clusterctl status\n\z`)
		if _, err := web.Run(t.Context(), "which", "script", "stty"); err != nil {
			t.Fatal("script(1) or stty(1) is missing: install bsdutils and coreutils, which every Debian has")
		}
		top := web.Command(t.Context(), "script", "-qec", "stty rows 24 cols 100; exec "+stage.Clusterctl+" top web --interval 500ms", "/dev/null")
		top.Env = append(top.Env, "TERM=xterm")
		keys, err := top.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		screen, err := top.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		top.Stderr = os.Stderr
		if err := top.Start(); err != nil {
			t.Fatal(err)
		}
		pieces := bufio.NewReader(screen)
		press := func(key string) {
			t.Helper()
			if _, err := io.WriteString(keys, key); err != nil {
				t.Fatal(err)
			}
		}
		waitForText(t, pieces, `web active, 4/4 ready`)
		press("j")
		press("d")
		waitForText(t, pieces, `clusterctl drain web@2\?`)
		press("n")
		waitForText(t, pieces, `not done`)
		press("d")
		press("y")
		waitForText(t, pieces, `web@2\.service is out of service`)
		waitForText(t, pieces, `drained`)
		operator{t, web}.sees(`^web@2\.service +active \(drained\)`)
		press("u")
		press("y")
		waitForText(t, pieces, `in service again`)
		press("q")
		rest, err := io.ReadAll(pieces)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(rest), "\x1b[?1049l") {
			t.Errorf("the screen was not given back: %q", rest)
		}
		requireExit(t, top.Wait(), 0)
	})
}

// waitForText reads until a text has been drawn. What has not changed on a screen
// is not drawn again.
func waitForText(t *testing.T, screen *bufio.Reader, pattern string) {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	var drawn strings.Builder
	for !wanted.MatchString(plainText(drawn.String())) {
		r, _, err := screen.ReadRune()
		if err != nil {
			t.Fatalf("the screen ended (%v) before it showed %s:\n%q", err, pattern, drawn.String())
		}
		drawn.WriteRune(r)
	}
}

var escapes = regexp.MustCompile("\x1b(\\[[0-9;?]*[ -/]*[@-~]|\\][^\x07\x1b]*(\x07|\x1b\\\\)|[=>()].?)")

// plainText is a text without the sequences that move the cursor and colour.
func plainText(text string) string { return escapes.ReplaceAllString(text, "") }
