// Package journal reads systemd's journal with journalctl(1), which knows every
// format, key and place that a journal may have.
//
// Its invariant: what an entry says about a unit is believed only of those who
// may say it. Anyone can write a line with UNIT=; only what the service manager
// itself wrote is taken as its word.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
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

	fields map[string]string
}

// Field is the value of a field, "" if the entry has none.
func (e Entry) Field(name string) string { return e.fields[name] }

// InvocationID is the start of the unit that the entry is about.
func (e Entry) InvocationID() string {
	for _, name := range []string{"INVOCATION_ID", "USER_INVOCATION_ID", "_SYSTEMD_INVOCATION_ID"} {
		if id := e.fields[name]; id != "" && (e.Manager || strings.HasPrefix(name, "_")) {
			return id
		}
	}
	return ""
}

// Decode reads a line that "journalctl --output=json" has written.
func Decode(line []byte) (Entry, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return Entry{}, fmt.Errorf("journal entry: %w", err)
	}
	e := Entry{fields: make(map[string]string, len(raw))}
	for name, value := range raw {
		e.fields[name] = text(value)
	}
	microseconds, err := strconv.ParseInt(e.fields["__REALTIME_TIMESTAMP"], 10, 64)
	if err != nil {
		return Entry{}, errors.New("journal entry: it has no time (__REALTIME_TIMESTAMP)")
	}
	e.Time = time.UnixMicro(microseconds)
	e.Cursor, e.PID, e.Message = e.fields["__CURSOR"], e.fields["_PID"], e.fields["MESSAGE"]
	e.Priority = priority(e.fields["PRIORITY"])
	e.Unit, e.Manager = about(e.fields)
	return e, nil
}

// about is the unit of an entry, and whether the service manager wrote it: that
// of the system is process 1, and a user's tells of its units with USER_UNIT=,
// where nobody but this user reads it. Others who may tell of a unit are root's.
func about(fields map[string]string) (unit string, manager bool) {
	switch {
	case fields["UNIT"] != "" && fields["_PID"] == "1":
		return fields["UNIT"], true
	case fields["USER_UNIT"] != "":
		return fields["USER_UNIT"], true
	case fields["OBJECT_SYSTEMD_UNIT"] != "" && fields["_UID"] == "0":
		return fields["OBJECT_SYSTEMD_UNIT"], false
	case fields["_SYSTEMD_USER_UNIT"] != "":
		return fields["_SYSTEMD_USER_UNIT"], false
	}
	return fields["_SYSTEMD_UNIT"], false
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
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil || len(elements) == 0 {
		return ""
	}
	if strings.ContainsAny(string(elements[0][:1]), `"[n`) {
		return text(elements[0])
	}
	var bytes []byte
	for _, element := range elements {
		b, err := strconv.ParseUint(string(element), 10, 8)
		if err != nil {
			return ""
		}
		bytes = append(bytes, byte(b))
	}
	return string(bytes)
}
