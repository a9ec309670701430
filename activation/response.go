package activation

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// response knows whether an answer has begun. One of HTTP/1 tells the client, in
// the header and as late as possible, that it is the last of its connection if
// the service is leaving by then.
type response struct {
	http.ResponseWriter
	leaving     *atomic.Bool // nil in HTTP/2
	wroteHeader bool
	status      int // 0 for one that was never named, which is 200
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *response) WriteHeader(status int) {
	if status >= http.StatusOK && !r.wroteHeader {
		r.beforeHeader()
		r.status = status
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
	if r.leaving != nil && r.leaving.Load() {
		r.Header().Set("Connection", "close")
	}
}

// http1Response has the other methods of net/http's response of HTTP/1.
type http1Response struct{ response }

// ReadFrom keeps sendfile(2).
func (r *http1Response) ReadFrom(source io.Reader) (int64, error) {
	r.beforeHeader()
	return io.Copy(r.ResponseWriter, source)
}

func (r *http1Response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.wroteHeader = true
	return http.NewResponseController(r.ResponseWriter).Hijack()
}

// http2Response has those of HTTP/2, whose clients are told by GOAWAY.
type http2Response struct{ response }

func (r *http2Response) Push(target string, options *http.PushOptions) error {
	pusher, ok := r.ResponseWriter.(http.Pusher)
	if !ok {
		return http.ErrNotSupported
	}
	return pusher.Push(target, options)
}
