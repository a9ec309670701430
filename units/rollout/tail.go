package rollout

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// Tail reads the journal of a rollout while an engine writes it.
type Tail struct {
	file *os.File
	rest []byte // the begin of a line whose end is still to come
	run  Run
}

// Tail opens the journal of a revision.
func (h History) Tail(revision int) (*Tail, error) {
	file, err := os.Open(h.path(revision))
	if err != nil {
		return nil, fmt.Errorf("rollout history: %w", err)
	}
	return &Tail{file: file}, nil
}

// Each calls report for every entry that has been written since the last call,
// with the run as it was then, and returns the run as it is now.
func (t *Tail) Each(report func(Entry, Run)) (Run, error) {
	data, err := io.ReadAll(t.file)
	if err != nil {
		return t.run, fmt.Errorf("rollout history: %w", err)
	}
	data = append(t.rest, data...)
	whole := bytes.LastIndexByte(data, '\n') + 1
	t.rest = bytes.Clone(data[whole:])
	entries, err := decode(data[:whole])
	if err != nil {
		return t.run, fmt.Errorf("rollout history: %q: %w", t.file.Name(), err)
	}
	for _, entry := range entries {
		t.run.apply(entry)
		report(entry, t.run)
	}
	return t.run, nil
}

// Close closes the file.
func (t *Tail) Close() error { return t.file.Close() }
