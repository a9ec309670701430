// Package units is the vocabulary of live systemd units as clusterctl sees
// them: names, worker states, jobs and their results. The words are systemd's
// own. It imports nothing but the standard library, so that decisions can be
// made and tested without systemd.
package units
