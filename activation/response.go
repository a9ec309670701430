package activation

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// response of HTTP/1 tells the client, in the header and as late as possible,
// that this is the last one of its connection if the service drains by then. It
// has the optional methods that net/http's own has.
type response struct {
	http.ResponseWriter
	draining    *atomic.Bool
	wroteHeader bool
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *response) WriteHeader(status int) {
	if status >= http.StatusOK {
		r.beforeHeader()
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(data []byte) (int, error) {
	r.beforeHeader()
	return r.ResponseWriter.Write(data)
}

func (r *response) WriteString(data string) (int, error) {
	r.beforeHeader()
	return io.WriteString(r.ResponseWriter, data)
}

func (r *response) Flush() { _ = r.FlushError() }

func (r *response) FlushError() error {
	r.beforeHeader()
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// beforeHeader runs before the header can be written, and once more when the
// handler wrote nothing at all.
func (r *response) beforeHeader() {
	if r.wroteHeader {
		return
	}
	r.wroteHeader = true
	if r.draining.Load() {
		r.Header().Set("Connection", "close")
	}
}

// ReadFrom keeps sendfile(2).
func (r *response) ReadFrom(source io.Reader) (int64, error) {
	r.beforeHeader()
	return io.Copy(r.ResponseWriter, source)
}

func (r *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.wroteHeader = true
	return http.NewResponseController(r.ResponseWriter).Hijack()
}
