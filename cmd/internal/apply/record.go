package apply

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

// Record is what the texts of the units of a cluster were when they were last
// looked at, and since when systemd has them. A unit that was started before that
// runs another text than its files have.
type Record struct {
	// Boot is the boot whose clock the moments are of.
	Boot  string          `json:"boot"`
	Units map[string]Text `json:"units"`
}

// Text is the text of one unit with its drop-ins.
type Text struct {
	Digest string `json:"digest"`
	// Since is when systemd read it, by CLOCK_MONOTONIC.
	Since time.Duration `json:"since"`
}

// Observe is the record after a look at units whose files are as systemd has read
// them, which it did at a moment of this boot. What has stayed the same since the
// last look keeps its moment; after a boot that is the boot itself. Another text
// may be as new as the moment when systemd read its files last.
//
// Of a unit that nobody has looked at before it is not known what it was started
// with. A service may run an older text, and a roll costs nothing; of a socket it is
// taken that it listens as its file says, for connections wait while it is renewed.
func (r Record) Observe(boot string, loadedAt time.Duration, digests map[string]string) Record {
	next := r.at(boot)
	for unit, digest := range digests {
		text, known := next.Units[unit]
		switch {
		case !known && isSocket(unit):
			next.Units[unit] = Text{Digest: digest}
		case text.Digest != digest:
			next.Units[unit] = Text{Digest: digest, Since: loadedAt}
		}
	}
	return next
}

// Meet is the record after a look at units whose files are about to change. Those
// that are known already stay as they are.
func (r Record) Meet(boot string, digests map[string]string) Record {
	next := r.at(boot)
	for unit, digest := range digests {
		if _, known := next.Units[unit]; known {
			continue
		}
		if !isSocket(unit) {
			digest = "" // nothing is like it
		}
		next.Units[unit] = Text{Digest: digest}
	}
	return next
}

// at is a copy of the record, by the clock of a boot.
func (r Record) at(boot string) Record {
	next := Record{Boot: boot, Units: make(map[string]Text, len(r.Units))}
	for unit, text := range r.Units {
		if r.Boot != boot {
			text.Since = 0
		}
		next.Units[unit] = text
	}
	return next
}

func isSocket(unit string) bool { return strings.HasSuffix(unit, ".socket") }

// IsOld says that a unit that was started at a moment of this boot runs another
// text than its files have now: it was started before systemd read that, or that
// is still to be read.
func (r Record) IsOld(unit string, started time.Duration, digest string) bool {
	text, known := r.Units[unit]
	return known && (text.Digest != digest || started < text.Since)
}

// Digest is that of a unit's text, file by file.
func Digest(files []string) (string, error) {
	sum := sha256.New()
	for _, path := range files {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone since systemd has read it; a reload finds out
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "[%s]\n", filepath.Base(path))
		sum.Write(essence(text))
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// IsSame says that two texts of a unit differ in nothing but what systemd passes
// over, so that a comment rolls no worker.
func IsSame(a, b []byte) bool { return bytes.Equal(essence(a), essence(b)) }

// essence is a text of a unit without comments and empty lines.
func essence(text []byte) []byte {
	var lines []byte
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, " \t\r\n")
		if start := bytes.TrimLeft(line, " \t"); len(start) > 0 && start[0] != '#' && start[0] != ';' {
			lines = append(append(lines, line...), '\n')
		}
	}
	return lines
}

// recordFile is the record of a cluster, in its state directory.
const recordFile = "applied.json"

// ReadRecord reads the record in the state directory of a cluster. Without one it
// is empty.
func ReadRecord(dir string) (Record, error) {
	var r Record
	path := filepath.Join(dir, recordFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		// Not written by us. To know nothing costs one rollout at most.
		return Record{}, nil //nolint:nilerr // as above
	}
	return r, nil
}

// Write replaces the record in the state directory of a cluster.
func (r Record) Write(dir string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(dir, recordFile), append(data, '\n'), 0o644)
}
