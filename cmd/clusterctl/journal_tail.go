package main

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
)

// journalTail reads the journal of a cluster's workers, and of new workers that
// come while it is followed.
type journalTail struct {
	*global
	cluster   string
	instances []string // of the workers wanted; none is all of them
	extra     []string // units that are wanted too
	follow    bool
	// first bounds what has been written already; all that is written after it is
	// read if it is to be followed.
	first journal.Query
	// caughtUp is called when all that has been written was read.
	caughtUp func() error
}

// read hands over the entries. The end of the context ends it, without an error
// if it follows.
func (t journalTail) read(ctx context.Context, each func([]byte, journal.Entry) error) error {
	began := time.Now()
	query := t.first
	query.User, query.Units = t.user, t.units(nil)
	var cursor string
	reading := func(line []byte, e journal.Entry) error {
		cursor = e.Cursor
		return each(line, e)
	}
	if err := journal.Read(ctx, query, reading); err != nil {
		return err
	}
	if err := t.caughtUp(); err != nil || !t.follow {
		return err
	}
	systemd, err := t.connect(ctx, t.cluster)
	if err != nil {
		return err
	}
	defer func() { systemd.Close() }()
	for ctx.Err() == nil {
		query = journal.Query{User: t.user, Follow: true, After: cursor, Fields: t.first.Fields}
		if cursor == "" {
			query.Since = began
		}
		err := t.followKnown(ctx, systemd, query, reading)
		if err != nil && !isAway(err) {
			return err
		}
		if err == nil {
			continue
		}
		systemd.Close()
		conn, err := t.reconnect(ctx)
		if err != nil {
			return nil // the context has ended
		}
		systemd = conn.Cluster(t.cluster)
	}
	return nil
}

// followKnown follows until there is a worker that the query does not name: a
// pattern is only for units that the journal knew when it began.
func (t journalTail) followKnown(ctx context.Context, systemd *bus.Cluster, query journal.Query, each func([]byte, journal.Entry) error) error {
	seen, err := systemd.List(ctx)
	if err != nil {
		return err
	}
	query.Units = t.units(seen.Workers)
	known, stop := context.WithCancel(ctx)
	defer stop()
	var watching error
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		defer stop()
		watching = t.awaitNew(known, systemd, query.Units)
	}()
	err = journal.Read(known, query, each)
	if err == nil && known.Err() == nil {
		err = errors.New("follow the journal: journalctl has ended")
	}
	stop()
	<-watched
	return errors.Join(err, watching)
}

// awaitNew returns when there is a worker without a place among the units.
func (t journalTail) awaitNew(ctx context.Context, systemd *bus.Cluster, named []string) error {
	for {
		select {
		case <-systemd.Changes():
		case <-ctx.Done():
			return nil
		case <-systemd.Lost():
			return bus.ErrLost
		}
		seen, err := systemd.List(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the end was asked for
			}
			return err
		}
		for _, unit := range t.units(seen.Workers) {
			if !slices.Contains(named, unit) {
				return nil
			}
		}
	}
}

// units are the names and patterns to look for.
func (t journalTail) units(workers []units.Worker) []string {
	all := slices.Clone(t.extra)
	for _, instance := range t.instances {
		all = append(all, units.WorkerName(t.cluster, instance))
	}
	if len(t.instances) > 0 {
		return all
	}
	// journalctl fails for a pattern that matches nothing if it has no name.
	all = append(all, units.WorkerPattern(t.cluster), units.WorkerName(t.cluster, strconv.Itoa(1)))
	for _, w := range workers {
		if !slices.Contains(all, w.Name) {
			all = append(all, w.Name)
		}
	}
	return all
}

// ended is the end of a reading for the caller: a Ctrl-C, or a reader of ours
// that has gone, has nobody to tell it to.
func ended(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, syscall.EPIPE):
		return nil
	case errors.Is(err, fs.ErrPermission):
		return &commandError{code: exitRefused, hint: "run it as root (sudo), or as a member of the group systemd-journal", err: err}
	}
	return err
}
