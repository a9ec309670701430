package spec

import (
	"fmt"
	"slices"
	"strings"
)

// refusal is a setting that would break a cluster.
type refusal struct {
	section string
	keys    []string
	when    func(value string) bool
	reason  string
}

func always(string) bool { return true }

func is(words ...string) func(string) bool {
	return func(value string) bool { return slices.Contains(words, value) }
}

func isBool(want bool) func(string) bool {
	return func(value string) bool {
		got, err := ParseBool(value)
		return err == nil && got == want
	}
}

func orEmpty(when func(string) bool) func(string) bool {
	return func(value string) bool { return value == "" || when(value) }
}

var refusals = []refusal{
	{"Unit", []string{"StartLimitIntervalSec", "StartLimitInterval", "StartLimitBurst"}, always,
		"a worker that hits its start limit closes the listener of all workers; a rollout watches for crash loops instead"},
	{"Unit", []string{"SourcePath"}, always, "it names the .cluster file"},
	{"Unit", []string{"RefuseManualStart", "RefuseManualStop"}, isBool(true), "a rollout starts and stops workers"},

	{"Socket", []string{"Accept"}, isBool(true), "workers accept for themselves from one listener; this would start a process for each connection"},
	{"Socket", []string{"Service"}, always, "the first connection must start the cluster, and not one of its workers"},
	{"Socket", []string{"ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO", "ListenSpecial", "ListenNetlink", "ListenMessageQueue", "ListenUSBFunction", "FileDescriptorName"}, always,
		"workers find listeners by name, wanted Listen=NAME=ADDRESS in [Cluster]"},
	{"Socket", []string{"ReusePort"}, orEmpty(isBool(false)), "without it the socket can't be repaired or moved while workers are up"},
	{"Socket", []string{"TriggerLimitIntervalSec", "TriggerLimitBurst"}, always, "a socket at its trigger limit closes its port for good"},
	{"Socket", []string{"FlushPending"}, isBool(true), "it would lose the connections that started the cluster"},

	{"Service", []string{"StartLimitInterval", "StartLimitIntervalSec", "StartLimitBurst"}, always, // where they stood before systemd 230
		"a worker that hits its start limit closes the listener of all workers; a rollout watches for crash loops instead"},
	{"Service", []string{"Type"}, is("oneshot", "forking", "idle"),
		`wanted "notify" (the default), "notify-reload", "exec", "simple" or "dbus"`},
	{"Service", []string{"NonBlocking"}, orEmpty(isBool(false)), "all workers share the listener's O_NONBLOCK flag, and cleared at a worker's start it loses connections of the others"},
	{"Service", []string{"RemainAfterExit"}, isBool(true), "a worker that has ended would count as ready"},
	{"Service", []string{"Sockets"}, always, "it gives each worker the shared listeners and its admin socket"},
	{"Service", []string{"StandardInput", "StandardOutput", "StandardError"}, is("socket"), "the listeners are passed as descriptors from 3 on"},
	{"Service", []string{"KillMode"}, is("none"), "processes of a stopped worker would stay and go on accepting connections"},
	{"Service", []string{"KillSignal"}, is("SIGKILL", "KILL", "9"), "it would cut the requests that a worker is answering"},
	{"Service", []string{"SendSIGKILL"}, isBool(false), "a worker that does not end would stay and go on accepting connections"},

	{"Install", []string{"DefaultInstance"}, always, "the cluster is no template; its workers are numbered"},
}

// refuse says why a setting can't be in a cluster, "" if it can.
func refuse(cluster, section string, s Setting) string {
	for _, r := range refusals {
		if r.section == section && slices.Contains(r.keys, s.Key) && r.when(s.Value) {
			return "can't be set in a cluster: " + r.reason
		}
	}
	if section == "Unit" && slices.Contains([]string{"Requires", "BindsTo", "Requisite"}, s.Key) {
		for unit := range strings.FieldsSeq(s.Value) {
			if strings.HasPrefix(unit, cluster+".") || strings.HasPrefix(unit, cluster+"-") && strings.HasSuffix(unit, ".socket") {
				return fmt.Sprintf("can't be %s in a cluster: the socket could not be restarted without all workers going down at once", unit)
			}
		}
	}
	if section == "Unit" && s.Key == "After" && slices.Contains(strings.Fields(s.Value), cluster+".service") {
		return fmt.Sprintf("can't be %s.service in a cluster: \"systemctl reload %s\" would wait for workers that wait for the reload", cluster, cluster)
	}
	return ""
}
