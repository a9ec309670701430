package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The pauses between two attempts to reach systemd again: the first one, and
// the longest that it grows to.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// look takes in the truth of this moment. As long as systemd can't be reached
// it waits, and the context lasts: what can't be seen is not guessed.
func (l *loop) look(ctx context.Context) error {
	for {
		cluster, err := l.systemd.List(ctx)
		if err == nil {
			l.seen.Cluster = cluster
			err = errors.Join(l.readLinks(), l.readQueues())
		}
		switch {
		case err == nil:
			return nil
		case l.engine.Dialer == nil || !errors.Is(err, ErrUnreachable):
			return fmt.Errorf("look at cluster %q: %w", l.run.Cluster, err)
		}
		if err := l.dial(ctx); err != nil {
			return err
		}
	}
}

// dial reaches systemd again. It fails only with the context.
func (l *loop) dial(ctx context.Context) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		systemd, err := l.engine.Dialer.Dial(ctx)
		if err == nil {
			l.systemd = systemd
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// readQueues asks for the queues when the next batch may begin: they matter to
// nothing else.
func (l *loop) readQueues() (err error) {
	for _, instance := range l.run.underWay() {
		if state := l.run.step(instance).State; state == Queued || state == Unknown {
			return nil
		}
	}
	l.seen.Full, err = l.engine.Queues.Full(l.seen.Cluster)
	return err
}

// readLinks reads all links at the first look, and then those of the workers
// that are under way: nobody else is to move the others.
func (l *loop) readLinks() error {
	if l.run.Release == "" && l.run.Previous == "" {
		return nil
	}
	instances := l.run.underWay()
	if l.seen.Releases == nil {
		l.seen.Releases = make(map[string]string, len(l.run.Workers))
		instances = slices.Concat(l.run.Workers, l.run.Surge)
	}
	for _, instance := range instances {
		release, err := l.engine.Releases.Current(instance)
		if err != nil {
			return err
		}
		l.seen.Releases[instance] = release
	}
	return nil
}
