package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/clusterctl/clusterctl/cmd/internal/metrics"
)

const (
	// scrapeTimeout bounds a scrape by somebody who does not say how long they
	// wait.
	scrapeTimeout = 10 * time.Second

	// margin is what is left of the time that Prometheus waits to send what was
	// found in it.
	margin = 500 * time.Millisecond
)

// handler answers a scrape with what was read for it.
type handler struct {
	look func(context.Context) ([]metrics.Cluster, error)
	log  *slog.Logger
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), timeoutOf(r.Header))
	defer cancel()
	clusters, err := h.look(ctx)
	if err != nil {
		h.log.Warn("scrape failed", "reason", err)
		http.Error(w, fmt.Sprintf("the clusters can't be read: %v", err), http.StatusServiceUnavailable)
		return
	}
	gatherer := metrics.Scrape{Version: version, Clusters: clusters}.Gatherer()
	promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelError),
		ErrorHandling:     promhttp.ContinueOnError,
	}).ServeHTTP(w, r)
}

// timeoutOf is how long a scrape may take: a little less than Prometheus waits
// for it.
func timeoutOf(header http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0) || seconds > scrapeTimeout.Seconds() {
		return scrapeTimeout
	}
	timeout := time.Duration(seconds * float64(time.Second))
	return max(timeout-margin, timeout/2)
}
