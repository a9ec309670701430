package rollout

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// History is the directory that holds the journals of a cluster's rollouts,
// one file a revision: 1.jsonl, 2.jsonl and so on.
type History struct{ Dir string }

// Revisions are the recorded revisions, oldest first.
func (h History) Revisions() ([]int, error) {
	entries, err := os.ReadDir(h.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("rollout history: %w", err)
	}
	var revisions []int
	for _, entry := range entries {
		number, ok := strings.CutSuffix(entry.Name(), ".jsonl")
		if !ok {
			continue
		}
		if revision, err := strconv.Atoi(number); err == nil && revision > 0 {
			revisions = append(revisions, revision)
		}
	}
	slices.Sort(revisions)
	return revisions, nil
}

// Read is the rollout of a revision as far as it was recorded.
func (h History) Read(revision int) (Run, error) {
	data, err := os.ReadFile(h.path(revision))
	if err != nil {
		return Run{}, fmt.Errorf("rollout history: %w", err)
	}
	entries, err := decode(data)
	if err != nil {
		return Run{}, fmt.Errorf("rollout history: %q: %w", h.path(revision), err)
	}
	return Fold(entries), nil
}

// Latest is the newest rollout, and false if there was none. A revision whose
// first line was torn is passed over: nothing was done in it.
func (h History) Latest() (Run, bool, error) {
	revisions, err := h.Revisions()
	if err != nil {
		return Run{}, false, err
	}
	for _, revision := range slices.Backward(revisions) {
		run, err := h.Read(revision)
		if err != nil || run.Revision != 0 {
			return run, err == nil, err
		}
	}
	return Run{}, false, nil
}

// All are the recorded rollouts, oldest first.
func (h History) All() ([]Run, error) {
	revisions, err := h.Revisions()
	if err != nil {
		return nil, err
	}
	var runs []Run
	for _, revision := range revisions {
		run, err := h.Read(revision)
		if err != nil {
			return nil, err
		}
		if run.Revision != 0 {
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// Next begins the journal of the next revision. Whoever calls it holds the lock.
func (h History) Next() (*Journal, int, error) {
	revisions, err := h.Revisions()
	if err != nil {
		return nil, 0, err
	}
	next := 1
	if len(revisions) > 0 {
		next = revisions[len(revisions)-1] + 1
	}
	journal, err := h.create(next)
	return journal, next, err
}

func (h History) create(revision int) (*Journal, error) {
	file, err := os.OpenFile(h.path(revision), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("rollout journal: %w", err)
	}
	if err := syncDir(h.Dir); err != nil {
		file.Close()
		return nil, err
	}
	return &Journal{file: file}, nil
}

// Reopen continues the journal of a revision whose engine has died, and returns
// what it holds. A last line that was torn is taken away: it was never acted on.
// Whoever calls it holds the lock.
func (h History) Reopen(revision int) (*Journal, []Entry, error) {
	data, err := os.ReadFile(h.path(revision))
	if err != nil {
		return nil, nil, fmt.Errorf("rollout journal: %w", err)
	}
	entries, err := decode(data)
	if err != nil {
		return nil, nil, fmt.Errorf("rollout journal: %q: %w", h.path(revision), err)
	}
	file, err := os.OpenFile(h.path(revision), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("rollout journal: %w", err)
	}
	if err := file.Truncate(int64(bytes.LastIndexByte(data, '\n') + 1)); err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("rollout journal: %w", err)
	}
	return &Journal{file: file}, entries, nil
}

func (h History) path(revision int) string {
	return filepath.Join(h.Dir, strconv.Itoa(revision)+".jsonl")
}

// decode reads the lines of a journal. A last line without its end was torn by
// a crash and was never acted on: it is passed over.
func decode(data []byte) ([]Entry, error) {
	var entries []Entry
	for number := 1; len(data) > 0; number++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			break
		}
		var entry Entry
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		entries = append(entries, entry)
		data = rest
	}
	return entries, nil
}

// Journal is the open journal of one rollout.
type Journal struct{ file *os.File }

// Append writes the entries and returns when they are on the disk.
func (j *Journal) Append(entries ...Entry) error {
	var lines bytes.Buffer
	buffered := bufio.NewWriter(&lines)
	encoder := json.NewEncoder(buffered)
	for _, entry := range entries {
		if err := encoder.Encode(entry); err != nil {
			return fmt.Errorf("rollout journal: %w", err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("rollout journal: %w", err)
	}
	if _, err := j.file.Write(lines.Bytes()); err != nil {
		return fmt.Errorf("rollout journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("rollout journal: %w", err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("rollout history: %w", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("rollout history: %w", err)
	}
	return nil
}
