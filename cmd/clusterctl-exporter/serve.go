package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/clusterctl/clusterctl/activation"
)

// socketName is the FileDescriptorName= of clusterctl-exporter.socket.
const socketName = "metrics"

// headerTimeout ends connections that never ask: a port scan must not keep the
// exporter from being idle.
const headerTimeout = 10 * time.Second

// serve answers on the sockets that systemd passed, or on an address of its own
// if it was started by hand, until the context ends or nobody asks any more.
func serve(ctx context.Context, o options, handler http.Handler, log *slog.Logger) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	server := &http.Server{
		Handler:           routes(handler),
		ConnState:         newIdle(o.exitIdleTime, end).follow,
		ReadHeaderTimeout: headerTimeout,
	}
	// A connection for each scrape: one that was kept could be closed in the
	// moment in which the next scrape is sent on it.
	server.SetKeepAlivesEnabled(false)
	worker := activation.Worker{
		Services: []activation.Service{&activation.HTTP{Name: socketName, Server: server, Address: o.listen}},
		Logger:   log,
	}
	return worker.Run(ctx)
}

func routes(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintln(w, `<!doctype html><title>clusterctl exporter</title><a href="/metrics">metrics of the clusters of this host</a>`)
	})
	return mux
}
