package activation

import (
	"net/http"
	"runtime/debug"
)

// contain ends a request whose handler panicked with 500, and leaves all others
// alone. net/http would close the connection without an answer. If a part of the
// answer is out already, only breaking it off tells the client.
func (h *HTTP) contain(reason any, answer *response, r *http.Request) {
	if reason == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		panic(reason) // the handler wants it so
	}
	h.panics.Add(1)
	h.logger.Error("handler panicked", "service", h.Name, "method", r.Method, "path", r.URL.Path,
		"reason", reason, "stack", string(debug.Stack()))
	if answer.wroteHeader {
		panic(http.ErrAbortHandler)
	}
	h.errors.Add(1)
	clear(answer.Header()) // of an answer that will not be
	http.Error(answer, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}
