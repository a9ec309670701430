// Package journal reads systemd's journal with journalctl(1), which knows every
// format, key and place that a journal may have.
//
// Its invariant: what an entry says about a unit is believed only of those who
// may say it. Anyone can write a line with UNIT=; only what the service manager
// itself wrote is taken as its word.
package journal

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Entry is one entry of the journal, as systemd.journal-fields(7) names things.
type Entry struct {
	Time   time.Time
	Cursor string // where it stands: reading can go on after it
	// Unit is what the entry is about: the unit that wrote it, or the one that
	// the service manager tells of.
	Unit string
	// Manager says that the service manager wrote it.
	Manager  bool
	Priority int    // as syslog(3) numbers them: 3 is an error
	PID      string // of who wrote it
	Message  string

	fields map[string]any
}

// Field is the value of a field, "" if the entry has none.
func (e Entry) Field(name string) string { return text(e.fields[name]) }

// Decode reads a line that "journalctl --output=json" has written.
func Decode(line []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(line, &e.fields); err != nil {
		return Entry{}, fmt.Errorf("journal entry: %w", err)
	}
	microseconds, err := strconv.ParseInt(e.Field("__REALTIME_TIMESTAMP"), 10, 64)
	if err != nil {
		return Entry{}, errors.New("journal entry: it has no time (__REALTIME_TIMESTAMP)")
	}
	e.Time = time.UnixMicro(microseconds)
	e.Cursor, e.PID, e.Message = e.Field("__CURSOR"), e.Field("_PID"), e.Field("MESSAGE")
	e.Priority = priority(e.Field("PRIORITY"))
	e.Unit, e.Manager = e.about()
	return e, nil
}

// about is the unit of an entry, and whether the service manager wrote it: that
// of the system is process 1, and a user's tells of its units with USER_UNIT=,
// where nobody but this user reads it. Others who may tell of a unit are root's.
func (e Entry) about() (unit string, manager bool) {
	if unit := e.Field("UNIT"); unit != "" && e.PID == "1" {
		return unit, true
	}
	if unit := e.Field("USER_UNIT"); unit != "" {
		return unit, true
	}
	if unit := e.Field("OBJECT_SYSTEMD_UNIT"); unit != "" && e.Field("_UID") == "0" {
		return unit, false
	}
	return cmp.Or(e.Field("_SYSTEMD_USER_UNIT"), e.Field("_SYSTEMD_UNIT")), false
}

// priority is "info" where there is none that can be understood.
func priority(field string) int {
	const info = 6
	if p, err := strconv.Atoi(field); err == nil && p >= 0 && p <= 7 {
		return p
	}
	return info
}

// text is a value of JSON that journalctl makes of a field: a string, an array of
// bytes if it is no text, null if it is too long, and an array of such values if
// the field is there several times, of which the first is taken.
func text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case []any:
		if len(value) == 0 {
			return ""
		}
		if _, isByte := value[0].(float64); !isByte {
			return text(value[0])
		}
		bytes := make([]byte, len(value))
		for i, element := range value {
			number, _ := element.(float64)
			bytes[i] = byte(int(number))
		}
		return string(bytes)
	}
	return ""
}
