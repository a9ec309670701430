package activation

import (
	"io"
	"sync"
)

// goAwayNotice is an HTTP/2 GOAWAY frame with NO_ERROR and the highest stream
// number: begin nothing new here, everything already sent will be answered.
//
// RFC 9113, section 6.8, has a server send this first, and the true last stream
// a round trip later. net/http sends only the second, which drops the requests
// that are on their way, so we slip in the first.
var goAwayNotice = []byte{
	0, 0, 8, // length of the payload
	7, 0, // type GOAWAY, no flags
	0, 0, 0, 0, // stream 0
	0x7f, 0xff, 0xff, 0xff, // last stream
	0, 0, 0, 0, // NO_ERROR
}

const frameHeaderSize = 9

// frameWriter passes on what net/http writes to an HTTP/2 connection, and knows
// where one frame ends and the next begins.
type frameWriter struct {
	mu     sync.Mutex
	out    io.Writer
	header []byte // of the current frame, as far as it was written
	rest   int    // of the current frame's payload
	begun  bool   // the first frame, SETTINGS, is out
	owed   bool   // the notice waits for the end of a frame
}

func (w *frameWriter) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	written := 0
	for w.owed && written < len(data) {
		part := w.upToFrameEnd(data[written:])
		n, err := w.pass(part)
		written += n
		if err != nil {
			return written, err
		}
		if err := w.payNotice(); err != nil {
			return written, err
		}
	}
	n, err := w.pass(data[written:])
	return written + n, err
}

// notify sends the notice now, or at the end of the frame being written. It
// waits for a Write in progress.
func (w *frameWriter) notify() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owed = true
	return w.payNotice()
}

func (w *frameWriter) payNotice() error {
	if !w.owed || !w.begun || !w.betweenFrames() {
		return nil
	}
	w.owed = false
	_, err := w.out.Write(goAwayNotice)
	return err
}

func (w *frameWriter) pass(data []byte) (int, error) {
	n, err := w.out.Write(data)
	for rest := data[:n]; len(rest) > 0; {
		rest = rest[w.follow(rest):]
	}
	return n, err
}

func (w *frameWriter) betweenFrames() bool { return len(w.header) == 0 && w.rest == 0 }

// upToFrameEnd returns the part of data that completes the current frame.
func (w *frameWriter) upToFrameEnd(data []byte) []byte {
	ahead := frameWriter{header: append([]byte(nil), w.header...), rest: w.rest}
	end := 0
	for end < len(data) {
		end += ahead.follow(data[end:])
		if ahead.betweenFrames() {
			break
		}
	}
	return data[:end]
}

// follow takes in one step of data, a part of a header or of a payload, and
// returns its length.
func (w *frameWriter) follow(data []byte) int {
	if w.rest == 0 {
		n := min(frameHeaderSize-len(w.header), len(data))
		w.header = append(w.header, data[:n]...)
		if len(w.header) == frameHeaderSize {
			w.rest = int(w.header[0])<<16 | int(w.header[1])<<8 | int(w.header[2])
			w.endFrame()
		}
		return n
	}
	n := min(w.rest, len(data))
	w.rest -= n
	w.endFrame()
	return n
}

func (w *frameWriter) endFrame() {
	if w.rest > 0 {
		return
	}
	w.header = w.header[:0]
	w.begun = true
}
