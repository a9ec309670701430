package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
)

// exporterName is the program that makes the metrics. It is one of its own, for
// what it is made of would cost every start of clusterctl.
const exporterName = "clusterctl-exporter"

// exporterDirs are where packages install it.
var exporterDirs = []string{"/usr/libexec/clusterctl", "/usr/lib/clusterctl"}

type metricsOptions struct {
	*global
	output string
}

func newMetricsCommand(g *global) *cobra.Command {
	o := &metricsOptions{global: g}
	cmd := &cobra.Command{
		Use:   "metrics",
		Short: "Print the metrics of all clusters of this host, for Prometheus",
		Long: `Print the metrics of all clusters of this host in the OpenMetrics format: units,
rollouts, listeners, and what each worker tells on its admin socket.

Prometheus scrapes the same from clusterctl-exporter.socket:
  systemctl enable --now clusterctl-exporter.socket`,
		Example: `  clusterctl metrics
  clusterctl metrics -o text > /var/lib/prometheus/node-exporter/clusterctl.prom`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.output != "openmetrics" && o.output != "text" {
				return usageError(fmt.Errorf("--output %q: wanted \"openmetrics\" or \"text\"", o.output), "clusterctl metrics --help")
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "openmetrics", `"openmetrics", or "text" as the textfile collector of node_exporter wants it`)
	return cmd
}

func (o *metricsOptions) run(ctx context.Context) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	path, err := findExporter(append([]string{filepath.Dir(own)}, exporterDirs...))
	if err != nil {
		return err
	}
	args := []string{"--once", "--output=" + o.output}
	if o.user {
		args = append(args, "--user")
	}
	exporter := exec.CommandContext(ctx, path, args...)
	exporter.Stdout, exporter.Stderr = o.out, o.err
	exporter.Cancel = func() error { return exporter.Process.Signal(syscall.SIGTERM) }
	err = exporter.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return &silentExit{exit.ExitCode()} // it has said why
	}
	if err != nil {
		return fmt.Errorf("run %q: %w", path, err)
	}
	return nil
}

// findExporter looks in the directories in their order.
func findExporter(dirs []string) (string, error) {
	for _, dir := range dirs {
		path := filepath.Join(dir, exporterName)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", &commandError{
		code: exitFailed,
		hint: fmt.Sprintf("install it as %s; packages of clusterctl do, and make build makes it", filepath.Join(exporterDirs[0], exporterName)),
		err:  fmt.Errorf("%s is not installed: looked in %q", exporterName, dirs),
	}
}
