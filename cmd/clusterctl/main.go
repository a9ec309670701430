// Command clusterctl writes the systemd units of socket-activated clusters and
// rolls their workers without losing a request.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// Scripts ask for the version often: as cobra says it, before anything is made.
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("clusterctl", "version", version)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}
