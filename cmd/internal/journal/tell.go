package journal

import sdjournal "github.com/coreos/go-systemd/v22/journal"

// Tell writes an entry about a unit, so that journalctl shows it among those of the
// unit: what an operator did to it, which systemd knows nothing of. Of a unit of
// the system only root is believed. Where there is no journal nobody is told.
func Tell(user bool, unit, messageID, message string) {
	about := "OBJECT_SYSTEMD_UNIT"
	if user {
		about = "USER_UNIT"
	}
	_ = sdjournal.Send(message, sdjournal.PriInfo, map[string]string{
		about: unit, "MESSAGE_ID": messageID, "SYSLOG_IDENTIFIER": "clusterctl",
	})
}
