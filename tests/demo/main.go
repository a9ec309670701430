// Command demo shows the main job on real parts: it boots a private systemd,
// generates the units of a cluster, starts four workers, rolls them under load
// and says what that cost. It exits with 1 if a single request failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/sandbox"
	"github.com/clusterctl/clusterctl/tests/stage"
)

const (
	workers = 4
	// rate is of each of the two loads, in requests per second.
	rate = 250
	// quiet is how long the load runs before the rollout and after it.
	quiet = 2 * time.Second
)

const webCluster = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080

[Rollout]
MaxUnavailable=1
Health=http /healthz

[Service]
ExecStart=/opt/workers/go-worker --instance %i --warmup 200ms
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := demo(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "clusterctl-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	say("Building clusterctl and a sample worker (Go, with the activation library).")
	programs, err := stage.Build(ctx, dir)
	if err != nil {
		return err
	}
	say("Booting a private systemd with its own D-Bus; this host is not touched.")
	box, err := sandbox.Boot(ctx, sandbox.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	s, err := stage.Set(box, programs)
	if err != nil {
		return err
	}
	web, err := setUp(ctx, s)
	if err != nil {
		return err
	}
	result, err := rollUnderLoad(ctx, web)
	if err != nil {
		return err
	}
	return result.print(web)
}

// setUp does what a user does by hand, and shows the commands.
func setUp(ctx context.Context, s *stage.Stage) (*stage.Cluster, error) {
	say("The whole configuration, /etc/clusterctl/web.cluster:")
	show(webCluster)
	web, err := s.Install(ctx, "web", webCluster, workers)
	if err != nil {
		return nil, err
	}
	command("clusterctl generate /etc/clusterctl/web.cluster --output " + stage.UnitDir)
	units, err := s.Run(ctx, "systemctl", "list-unit-files", "--no-legend", "--plain", "web*")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(units) {
		show(strings.Fields(line)[0])
	}
	command("systemctl daemon-reload && systemctl enable --now web.service web@{1..4}.service")
	return web, web.Start(ctx)
}

// result is what the demo has seen.
type result struct {
	took          time.Duration
	before, after []map[string]string // properties of the workers
	loads         []load.Report
}

func rollUnderLoad(ctx context.Context, web *stage.Cluster) (result, error) {
	var r result
	var err error
	if r.before, err = processes(ctx, web); err != nil {
		return r, err
	}
	say(fmt.Sprintf("%d requests/s on connections that are kept, and %d/s with a new one each; clients never retry.", rate, rate))
	var runs []*load.Run
	for _, mode := range []load.Mode{load.KeepAlive, load.NewConnection} {
		run, err := web.Load(ctx, mode, rate)
		if err != nil {
			return r, err
		}
		defer run.Stop()
		runs = append(runs, run)
	}
	phase := func(name string) {
		for _, run := range runs {
			run.Phase(name)
		}
	}
	phase("before")
	if err := wait(ctx, quiet); err != nil {
		return r, err
	}
	phase("during")
	command("clusterctl rollout restart web")
	began := time.Now()
	rollout := web.Command(ctx, stage.Clusterctl, "rollout", "restart", "web")
	if err := stream(rollout); err != nil {
		return r, fmt.Errorf("clusterctl rollout restart web: %w", err)
	}
	r.took = time.Since(began)
	phase("after")
	if err := wait(ctx, quiet); err != nil {
		return r, err
	}
	for _, run := range runs {
		r.loads = append(r.loads, run.Stop())
	}
	r.after, err = processes(ctx, web)
	return r, err
}

func processes(ctx context.Context, web *stage.Cluster) ([]map[string]string, error) {
	return web.PropertiesOf(ctx, web.WorkerNames(), "Id", "MainPID")
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stream runs a command and shows its lines as they come.
func stream(cmd *exec.Cmd) error {
	lines := &indented{}
	cmd.Stdout, cmd.Stderr = lines, lines
	return cmd.Run()
}
