// Command screenshots takes the pictures of the documentation from a real run: it
// boots a private systemd, runs a cluster under load, and turns what tmux(1) shows
// into SVG. The numbers in the pictures are those of the run, and the form is
// always the same.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/sandbox"
	"github.com/clusterctl/clusterctl/tests/stage"
)

const webCluster = `[Cluster]
Workers=4
Listen=http=127.0.0.1:8080

[Rollout]
Health=http /healthz
MinReadySec=3s

[Service]
ExecStart=bin/server --instance %i
`

// columns is how wide the terminal is.
const columns = 100

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, filepath.Join(stage.Root(), "cmd", "dist", "doc", "pictures")); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, into string) (err error) {
	dir, err := os.MkdirTemp("", "clusterctl-screenshots-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs, err := stage.Build(ctx, dir)
	if err != nil {
		return err
	}
	box, err := sandbox.Boot(ctx, sandbox.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	s, err := stage.Set(box, programs)
	if err != nil {
		return err
	}
	web, err := s.Install(ctx, "web", webCluster, 4)
	if err != nil {
		return err
	}
	if err := deployBoth(ctx, web, programs); err != nil {
		return err
	}
	clients, err := web.Load(ctx, load.NewConnection, 300)
	if err != nil {
		return err
	}
	defer clients.Stop()
	return take(ctx, web, into)
}

// deployBoth leaves the cluster running v1, with v2 beside it.
func deployBoth(ctx context.Context, web *stage.Cluster, programs stage.Programs) error {
	for _, release := range []string{"v1", "v2"} {
		if err := web.CopyFile(programs.GoWorker, "/srv/"+release+"/bin/server", fs.FileMode(0o755)); err != nil {
			return err
		}
	}
	if _, err := web.Run(ctx, stage.Clusterctl, "deploy", "web", "/srv/v1"); err != nil {
		return err
	}
	return web.Start(ctx)
}

func take(ctx context.Context, web *stage.Cluster, into string) error {
	if _, err := web.Run(ctx, stage.Clusterctl, "drain", "web@3", "--wait"); err != nil {
		return err
	}
	status := web.Command(ctx, "sh", "-c", "echo '$ clusterctl status web'; clusterctl status web; exec sleep infinity")
	if err := shoot(ctx, status, 15, "hint: clusterctl undrain", "clusterctl status web", filepath.Join(into, "status.svg")); err != nil {
		return err
	}
	if _, err := web.Run(ctx, stage.Clusterctl, "undrain", "web@3"); err != nil {
		return err
	}
	if _, err := web.Run(ctx, stage.Clusterctl, "deploy", "web", "/srv/v2", "--detach"); err != nil {
		return err
	}
	top := web.Command(ctx, stage.Clusterctl, "top", "--interval", "1s")
	return shoot(ctx, top, 12, "] 2/4", "clusterctl top", filepath.Join(into, "top.svg"))
}
