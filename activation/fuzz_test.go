package activation

import (
	"bytes"
	"strings"
	"testing"
)

// Whatever is written, in whatever parts, comes out as it was, with at most one
// notice in it, and that not within the first frame.
func FuzzFrameWriter(f *testing.F) {
	f.Add([]byte{0, 0, 2, 4, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 4, 1, 0, 0, 0, 0}, uint8(3), uint8(5))
	f.Add([]byte("PRI * HTTP/2.0"), uint8(1), uint8(0))
	f.Add([]byte{255, 255, 255, 0, 0, 0, 0, 0, 0, 1}, uint8(9), uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, part, notifyAt uint8) {
		if bytes.Contains(stream, goAwayNotice) {
			return
		}
		var out bytes.Buffer
		w := &frameWriter{out: &out}
		for at, i := 0, 0; at < len(stream); i++ {
			if i == int(notifyAt) {
				if err := w.notify(); err != nil {
					t.Fatal(err)
				}
			}
			end := min(at+int(part)+1, len(stream))
			n, err := w.Write(stream[at:end])
			if err != nil || n != end-at {
				t.Fatalf("wrote %d of %d, %v", n, end-at, err)
			}
			at = end
		}
		before, after, found := bytes.Cut(out.Bytes(), goAwayNotice)
		if !bytes.Equal(append(bytes.Clone(before), after...), stream) {
			t.Errorf("% x came out as % x", stream, out.Bytes())
		}
		if found && len(before) < frameHeaderSize {
			t.Errorf("the notice stands within the first frame: % x", out.Bytes())
		}
	})
}

func FuzzReadStatm(f *testing.F) {
	f.Add([]byte("1000 200 100 1 0 50 0\n"))
	f.Add([]byte("1 9223372036854775807"))
	f.Add([]byte("-1 -1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if memory := readStatm(content); memory < 0 {
			t.Errorf("%q: got %d bytes", content, memory)
		}
	})
}

// No name adds a line to what systemd is told.
func FuzzStoredName(f *testing.F) {
	for _, name := range []string{"state", "", "a:b", "a\nFDSTOREREMOVE=1", "\x7f", strings.Repeat("n", 300)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkStoredName(name) != nil {
			return
		}
		if line := storedPrefix + name; strings.ContainsAny(line, ":\n\r\x00") || len(line) > 255 {
			t.Errorf("accepted %q", name)
		}
	})
}
