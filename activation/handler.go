package activation

import (
	"context"
	"net"
	"net/http"
)

// wrap puts what this package does for each request around a handler.
func (h *HTTP) wrap(handler http.Handler) http.Handler {
	if handler == nil {
		handler = http.DefaultServeMux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.tlsConfig != nil {
			r.TLS = r.Context().Value(connKey{}).(*conn).secured()
		}
		if r.ProtoMajor == 1 {
			answer := &http1Response{response{ResponseWriter: w, leaving: &h.leaving.now}}
			h.handle(handler, answer, &answer.response, r)
			return
		}
		answer := &http2Response{response{ResponseWriter: w}}
		h.handle(handler, answer, &answer.response, r)
	})
}

func (h *HTTP) handle(handler http.Handler, w http.ResponseWriter, answer *response, r *http.Request) {
	h.inFlight.Add(1)
	defer func() {
		reason := recover()
		h.inFlight.Add(-1)
		h.requests.Add(1)
		if answer.status >= http.StatusInternalServerError {
			h.errors.Add(1)
		}
		if reason != nil {
			h.contain(reason, answer, r)
		}
	}()
	handler.ServeHTTP(w, r)
	answer.beforeHeader()
}

type connKey struct{}

func rememberConn(next func(context.Context, net.Conn) context.Context) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, accepted net.Conn) context.Context {
		if next != nil {
			ctx = next(ctx, accepted)
		}
		return context.WithValue(ctx, connKey{}, accepted)
	}
}
