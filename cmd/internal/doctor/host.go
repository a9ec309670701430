package doctor

import (
	"fmt"
	"time"

	"github.com/clusterctl/clusterctl/generator/spec"
)

var hostChecks = []Check{
	{
		Name: "systemd-version", Severity: Error, host: systemdVersion,
		Why: "The units rely on what systemd does from version 252 on, and are tested from there.",
	},
	{
		Name: "journal-clock", Severity: Warning, host: journalClock,
		Why: "An entry from the future says that the clock has stepped back: logs, events and the history of rollouts are out of order until the clock has caught up.",
	},
}

func systemdVersion(h Host) []fault {
	if h.Systemd == 0 || h.Systemd >= spec.OldestSystemd {
		return nil
	}
	return []fault{{
		"systemd", fmt.Sprintf("version %d, wanted %d or newer", h.Systemd, spec.OldestSystemd),
		"systemctl --version   # a newer one comes with a newer release of the distribution",
	}}
}

// Tolerance is how far clocks may be apart without anybody minding.
const Tolerance = time.Minute

func journalClock(h Host) []fault {
	if !h.Future.After(h.Now.Add(Tolerance)) {
		return nil
	}
	return []fault{{
		"journal", fmt.Sprintf("entries from the future, up to %s", h.Future.Local().Format(time.DateTime)),
		"timedatectl set-ntp true   # and journalctl --rotate, so that the wrong entries go with their file",
	}}
}
