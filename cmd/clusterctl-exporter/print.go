package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/clusterctl/clusterctl/cmd/internal/metrics"
)

// The values of --output. The text of Prometheus is what the textfile collector
// of node_exporter reads.
const (
	outputOpenMetrics = "openmetrics"
	outputText        = "text"
)

func (o options) run(ctx context.Context, stdout, stderr io.Writer) error {
	log := newLog(stderr)
	l, err := newLooker(o.user, log)
	if err != nil {
		return err
	}
	if !o.once {
		return serve(ctx, o, handler{l.look, log}, log)
	}
	ctx, cancel := context.WithTimeout(ctx, scrapeTimeout)
	defer cancel()
	clusters, err := l.look(ctx)
	if err != nil {
		return err
	}
	return write(stdout, o.output, metrics.Scrape{Version: version, Clusters: clusters}.Gatherer())
}

func write(w io.Writer, output string, gatherer prometheus.Gatherer) error {
	families, err := gatherer.Gather()
	if err != nil {
		return fmt.Errorf("gather the metrics: %w", err)
	}
	kind := expfmt.TypeOpenMetrics
	if output == outputText {
		kind = expfmt.TypeTextPlain
	}
	encoder := expfmt.NewEncoder(w, expfmt.NewFormat(kind))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return fmt.Errorf("print the metrics: %w", err)
		}
	}
	closer, ok := encoder.(expfmt.Closer)
	if !ok {
		return errors.New("print the metrics: the format has no end")
	}
	if err := closer.Close(); err != nil { // "# EOF"
		return fmt.Errorf("print the metrics: %w", err)
	}
	return nil
}
