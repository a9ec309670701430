package main

import (
	"slices"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/events"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// rolloutTails makes events of all recorded rollouts of a cluster, and of what is
// recorded meanwhile.
type rolloutTails struct {
	history rollout.History
	since   time.Time
	// newest is the revision that may still grow.
	newest  int
	tail    *rollout.Tail
	reader  events.RolloutReader
	pending []events.Event // in the order of time
}

// read takes what has been recorded since the last call.
func (r *rolloutTails) read() error {
	if err := r.readTail(); err != nil {
		return err
	}
	revisions, err := r.history.Revisions()
	if err != nil {
		return err
	}
	for _, revision := range revisions {
		if revision <= r.newest {
			continue
		}
		if r.tail != nil {
			r.tail.Close()
		}
		r.newest, r.reader = revision, events.RolloutReader{}
		if r.tail, err = r.history.Tail(revision); err != nil {
			return err
		}
		if err := r.readTail(); err != nil {
			return err
		}
	}
	return nil
}

func (r *rolloutTails) readTail() error {
	if r.tail == nil {
		return nil
	}
	_, err := r.tail.Each(func(entry rollout.Entry, run rollout.Run) {
		event, ok := r.reader.Read(entry, run)
		if ok && !event.Time.Before(r.since) {
			r.pending = append(r.pending, event)
		}
	})
	return err
}

// emit hands over what happened up to a moment.
func (r *rolloutTails) emit(until time.Time, each func(events.Event) error) error {
	for len(r.pending) > 0 && !r.pending[0].Time.After(until) {
		event := r.pending[0]
		r.pending = slices.Delete(r.pending, 0, 1)
		if err := each(event); err != nil {
			return err
		}
	}
	return nil
}
