package journal

import (
	"slices"
	"strings"
	"time"
)

// Query says which entries are wanted. The zero value is all of the journal.
type Query struct {
	// User looks for units of this user's service manager.
	User bool
	// Units are names or patterns; entries of them and about them are wanted.
	Units []string
	// Matches are FIELD=VALUE: of one field any, of each field one.
	Matches []string
	// Since and Until bound the time; the zero time is no bound.
	Since, Until time.Time
	// Lines bounds the entries to the newest so many: a number, "all" or "",
	// which is all.
	Lines string
	// After is the cursor of the last entry that has been seen already.
	After string
	// Follow waits for more.
	Follow bool
	// Fields are those that are wanted beyond the few that Entry has; nil is all
	// of them.
	Fields []string
}

// basic are the fields that Decode makes an Entry of.
var basic = []string{
	"MESSAGE", "PRIORITY", "_PID", "UNIT", "USER_UNIT", "_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT",
	"OBJECT_SYSTEMD_UNIT", "_UID", "SYSLOG_IDENTIFIER",
}

// args is the command line of journalctl.
func (q Query) args() []string {
	args := []string{"--output=json", "--quiet", "--no-pager"}
	if q.Fields != nil {
		args = append(args, "--output-fields="+strings.Join(slices.Concat(basic, q.Fields), ","))
	}
	selector := "--unit="
	if q.User {
		selector = "--user-unit="
	}
	for _, unit := range q.Units {
		args = append(args, selector+unit)
	}
	for option, value := range map[string]string{"since": formatTime(q.Since), "until": formatTime(q.Until), "lines": q.Lines, "after-cursor": q.After} {
		if value != "" {
			args = append(args, "--"+option+"="+value)
		}
	}
	if q.Follow {
		args = append(args, "--follow", "--no-tail")
	}
	slices.Sort(args)
	return append(args, q.Matches...)
}
