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
			answer := &http1Response{response{ResponseWriter: w, draining: &h.draining}}
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
		h.served.Add(1)
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

type drainKey struct{}

func (h *HTTP) announceDrain(next func(net.Listener) context.Context) func(net.Listener) context.Context {
	return func(listener net.Listener) context.Context {
		ctx := context.Background()
		if next != nil {
			ctx = next(listener)
		}
		return context.WithValue(ctx, drainKey{}, (<-chan struct{})(h.drain))
	}
}

// Draining returns a channel that is closed when the service of a request's
// context begins to drain. Handlers of long polls, streams and hijacked
// connections wait on it to finish early. It is nil for any other context.
func Draining(ctx context.Context) <-chan struct{} {
	drain, _ := ctx.Value(drainKey{}).(<-chan struct{})
	return drain
}
