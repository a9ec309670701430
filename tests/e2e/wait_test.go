package e2e

import (
	"bufio"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/clusterctl/clusterctl/tests/stage"
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

// eventually waits for what systemd tells only to those who ask. The limit is
// for a hang; nothing passes because time went by.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	const limit = time.Minute
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

// run runs a command that must succeed.
func run(t *testing.T, on *stage.Cluster, name string, args ...string) string {
	t.Helper()
	out, err := on.Run(t.Context(), name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func property(t *testing.T, on *stage.Cluster, unit, name string) string {
	t.Helper()
	properties, err := on.Properties(t.Context(), unit, name)
	if err != nil {
		t.Fatal(err)
	}
	return properties[name]
}
