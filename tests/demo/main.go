// Command demo shows the main job on real parts: it boots a private systemd,
// generates the units of a cluster, starts four workers, rolls a new release out
// under load and then a bad one, and says what that cost. It exits with 1 if a
// single request failed.
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
	// rolledBack is clusterctl's exit code for a release that was taken back.
	rolledBack = 3
)

const webCluster = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080

[Rollout]
MaxUnavailable=1
Health=http /healthz

[Service]
ExecStart=bin/server --instance %i --warmup 200ms
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
	if err := build(s, "v1", ""); err != nil {
		return nil, err
	}
	command("systemctl daemon-reload")
	command("clusterctl deploy web ./v1    # the first release, for a cluster that is not started yet")
	if _, err := s.Run(ctx, stage.Clusterctl, "deploy", "web", "/srv/v1"); err != nil {
		return nil, err
	}
	command("systemctl enable --now web.service web@{1..4}.service")
	return web, web.Start(ctx)
}

// build makes a release: the sample worker, and an environment file that tells
// it who it is and how it misbehaves.
func build(s *stage.Stage, name, bad string) error {
	worker, err := os.ReadFile(s.Path(stage.GoWorker))
	if err != nil {
		return err
	}
	return errors.Join(
		s.WriteFile("/srv/"+name+"/bin/server", worker, 0o755),
		s.WriteFile("/srv/"+name+"/environment", []byte("WORKER_RELEASE="+name+"\nWORKER_BAD="+bad+"\n"), 0o644),
	)
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
	if err := errors.Join(build(web.Stage, "v2", ""), build(web.Stage, "v3", "exit")); err != nil {
		return r, err
	}
	phase("v1 to v2")
	command("clusterctl deploy web ./v2")
	began := time.Now()
	if err := stream(web.Command(ctx, stage.Clusterctl, "deploy", "web", "/srv/v2")); err != nil {
		return r, fmt.Errorf("clusterctl deploy web ./v2: %w", err)
	}
	r.took = time.Since(began)
	phase("after")
	if err := wait(ctx, quiet); err != nil {
		return r, err
	}
	if r.after, err = processes(ctx, web); err != nil {
		return r, err
	}
	phase("bad v3")
	say("And a release that exits at its start:")
	command("clusterctl deploy web ./v3")
	var exit *exec.ExitError
	if err := stream(web.Command(ctx, stage.Clusterctl, "deploy", "web", "/srv/v3")); !errors.As(err, &exit) || exit.ExitCode() != rolledBack {
		return r, fmt.Errorf("clusterctl deploy web ./v3: wanted the exit code %d, got %w", rolledBack, err)
	}
	for _, run := range runs {
		r.loads = append(r.loads, run.Stop())
	}
	return r, nil
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
