package activation

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// Wherever net/http splits its writes and whenever the drain begins, exactly
// one notice stands between two frames, and no other byte is changed.
func TestFrameWriter_NoticeStandsBetweenFrames(t *testing.T) {
	for seed := range uint64(5000) {
		random := rand.New(rand.NewPCG(seed, 1))
		frames := randomFrames(random, 1+random.IntN(6))
		stream := bytes.Join(frames, nil)
		var out bytes.Buffer
		w := &frameWriter{out: &out}
		notifyAt := random.IntN(len(stream) + 1)
		for at := 0; ; {
			if at >= notifyAt && !w.owed && !bytes.Contains(out.Bytes(), goAwayNotice) {
				if err := w.notify(); err != nil {
					t.Fatal(err)
				}
			}
			if at == len(stream) {
				break
			}
			n, err := w.Write(stream[at : at+1+random.IntN(len(stream)-at)])
			if err != nil {
				t.Fatal(err)
			}
			at += n
		}
		if !isStreamWithNotice(out.Bytes(), frames) {
			t.Fatalf("seed %d: notice asked for at %d of % x, got % x", seed, notifyAt, stream, out.Bytes())
		}
	}
}

func isStreamWithNotice(got []byte, frames [][]byte) bool {
	for i := 1; i <= len(frames); i++ {
		want := bytes.Join([][]byte{bytes.Join(frames[:i], nil), goAwayNotice, bytes.Join(frames[i:], nil)}, nil)
		if bytes.Equal(got, want) {
			return true
		}
	}
	return false
}

func randomFrames(random *rand.Rand, count int) [][]byte {
	var frames [][]byte
	for range count {
		size := random.IntN(4) * random.IntN(100)
		frame := make([]byte, frameHeaderSize+size)
		for i := range frame {
			frame[i] = byte(random.IntN(6)) // never the notice's own bytes
		}
		frame[0], frame[1], frame[2] = 0, byte(size>>8), byte(size)
		frames = append(frames, frame)
	}
	return frames
}

func TestFrameWriter_PassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	w := &frameWriter{out: brokenWriter{broken}}
	if n, err := w.Write([]byte("anything")); n != 0 || !errors.Is(err, broken) {
		t.Errorf("wanted 0, broken, got %d, %v", n, err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }
