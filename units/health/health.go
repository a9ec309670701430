// Package health asks one worker of a cluster whether it is healthy.
//
// A listener that all workers share can't be asked about one of them: the
// kernel picks who answers. So the question goes to what belongs to this worker
// alone: its admin socket, or an address with its instance name (%i) in it.
package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
)

// shown is how much of an answer stands in an error, in bytes.
const shown = 200

// Checker asks workers. AdminDir is the directory of the cluster's admin
// sockets, each named after its instance: "/run/web" for /run/web/3.sock.
type Checker struct{ AdminDir string }

// Check returns nil if the worker is healthy, and else what it answered. The
// context bounds the question.
func (c Checker) Check(ctx context.Context, health spec.Health, worker units.Worker) error {
	target := strings.ReplaceAll(health.Target, "%i", worker.Instance)
	switch health.Kind {
	case spec.HealthNone:
		return nil
	case spec.HealthHTTP:
		if strings.HasPrefix(target, "/") {
			return c.askAdmin(ctx, target, worker.Instance)
		}
		return get(ctx, &net.Dialer{}, target)
	case spec.HealthTCP:
		return connect(ctx, target)
	case spec.HealthExec:
		return execute(ctx, target)
	}
	return fmt.Errorf("health check of kind %q: wanted none, http, tcp or exec", health.Kind)
}

func (c Checker) askAdmin(ctx context.Context, path, instance string) error {
	return get(ctx, adminDialer{filepath.Join(c.AdminDir, instance+".sock")}, "http://admin"+path)
}

// dialer is net.Dialer, or one that reaches the same place whatever is asked.
type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

type adminDialer struct{ path string }

func (d adminDialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	var unix net.Dialer
	return unix.DialContext(ctx, "unix", d.path)
}

// get wants an answer of 200 to 299. Each question has a connection of its
// own: a kept one would tie the answer to an earlier start of the worker.
func get(ctx context.Context, dial dialer, url string) error {
	client := http.Client{
		Transport: &http.Transport{DialContext: dial.DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a redirect would be answered by somebody else
		},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "clusterctl")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, shown)) // what came of it is shown, all or part
	return fmt.Errorf("%s answered %s: %q", url, response.Status, strings.TrimSpace(string(body)))
}

func connect(ctx context.Context, address string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// execute runs a command as sh(1) would and wants the exit status 0. At the end
// of the context every process that it has started is killed.
func execute(ctx context.Context, command string) error {
	shell := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	out, err := shell.CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	return fmt.Errorf("%q: %w: %q", command, err, strings.TrimSpace(string(out[:min(len(out), shown)])))
}
