package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// tmuxSocket keeps these terminals apart from those of whoever works here.
const tmuxSocket = "clusterctl-screenshots"

func tmux(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-L", tmuxSocket, "-f", os.DevNull}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tmux %s: %w: %s", args[0], err, out)
	}
	return string(out), nil
}

// shoot runs a command on a terminal until a text stands there, and draws what is
// to be seen then.
func shoot(ctx context.Context, command *exec.Cmd, rows int, until, title, file string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, fmt.Errorf("the terminal never showed %q", until))
	defer cancel()
	args := append([]string{"new-session", "-d", "-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows), "env", "TERM=xterm-256color"}, command.Args...)
	if _, err := tmux(ctx, args...); err != nil {
		return err
	}
	defer func() { _, _ = tmux(context.WithoutCancel(ctx), "kill-server") }()
	for {
		screen, err := tmux(ctx, "capture-pane", "-e", "-p")
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case strings.Contains(screen, until):
			lines := strings.Split(strings.TrimRight(screen, "\n "), "\n")
			return os.WriteFile(file, []byte(render(title, lines, columns)), 0o644)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
