package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

type options struct {
	instance, release, address, bad, badFile string
	warmup, crashAfter                       time.Duration
	greetingFile, stick                      string
	keep                                     bool
}

const (
	badExit       = "exit"        // ends at once
	badNeverReady = "never-ready" // warms up for ever
	badUnhealthy  = "unhealthy"   // never passes its health check
	badCrash      = "crash"       // ends after --crash-after
	badError      = "error"       // healthy, and answers 500
)

var allBad = []string{"", badExit, badNeverReady, badUnhealthy, badCrash, badError}

// misbehaviour is the content of the bad file if it exists, so that a test can
// spoil a worker without a new unit, and --bad otherwise.
func (o options) misbehaviour() (string, error) {
	bad := o.bad
	if o.badFile != "" {
		content, err := os.ReadFile(o.badFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if err == nil {
			bad = strings.TrimSpace(string(content))
		}
	}
	if !slices.Contains(allBad, bad) {
		return "", fmt.Errorf("misbehaviour %q: wanted one of %q", bad, allBad[1:])
	}
	return bad, nil
}

func warmUp(delay time.Duration, bad string) func(context.Context) error {
	return func(ctx context.Context) error {
		if bad == badNeverReady {
			<-ctx.Done()
			return ctx.Err()
		}
		select {
		case <-time.After(delay):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func health(bad string) func(context.Context) error {
	return func(context.Context) error {
		if bad == badUnhealthy {
			return errors.New("unhealthy, as told by --bad unhealthy")
		}
		return nil
	}
}
