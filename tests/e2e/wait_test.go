package e2e

import (
	"bufio"
	"io"
	"regexp"
	"testing"
)

// waitForLine reads until a line matches and goes on reading after it, so that
// whoever writes is never held up.
func waitForLine(t *testing.T, r io.Reader, wanted *regexp.Regexp) {
	t.Helper()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if wanted.Match(lines.Bytes()) {
			go io.Copy(io.Discard, r)
			return
		}
	}
	t.Fatalf("the output ended before a line matched %s", wanted)
}
