package events

import (
	"fmt"
	"strings"

	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/units"
)

// The messages of systemd's catalog (journalctl --catalog, sd-messages.h) that
// tell what has become of a unit.
const (
	unitStarted    = "39f53479d3a045ac8e11786248231fbf"
	unitStopped    = "9d1aaa27d60140bd96365438aad20286"
	unitReloaded   = "7b05ebc668384222baa8881179cfda54"
	unitFailed     = "be02cf6855d2428ba40df7e9d022f03d" // a start job was not done
	restartQueued  = "5eb03494b6584870a536b337290809b3" // Restart= takes hold
	processExited  = "98e322203f7a4ed290d09fe03c09fe15"
	unitResult     = "d9b373ed55a64feb8242e02dbe79a49c" // how it ended, if not well
	killedByKernel = "fe6faa94e7774663a0da52717891d8ef"
	killedByOOMD   = "d989611b15e44c9dbf31e3c81256e4ed"
)

// Matches select the entries of the journal that Reader.Read makes events of.
func Matches() []string {
	ids := []string{
		unitStarted, unitStopped, unitReloaded, unitFailed, restartQueued,
		processExited, unitResult, killedByKernel, killedByOOMD,
		scaled, drained, undrained,
	}
	for i, id := range ids {
		ids[i] = "MESSAGE_ID=" + id
	}
	return ids
}

// Fields are those of an entry that Reader.Read looks at.
func Fields() []string {
	return []string{"MESSAGE_ID", "JOB_TYPE", "JOB_RESULT", "UNIT_RESULT", "EXIT_CODE", "EXIT_STATUS", "N_RESTARTS", "COMMAND"}
}

// Reader makes events of the entries of one cluster, in their order. It remembers
// of each unit what systemd tells in several entries: how the process ended, and
// whether a start is a restart.
type Reader struct {
	Cluster string
	pasts   map[string]past
}

// past is what has been told of a unit so far.
type past struct {
	exit    string // how its main process last ended
	restart string // why the next start is a restart
	killed  bool   // that memory was short has been told
}

// Read is the event that an entry tells of, and false if it tells of none.
func (r *Reader) Read(e journal.Entry) (Event, bool) {
	instance, isWorker := units.Instance(r.Cluster, e.Unit)
	isCluster := e.Unit == units.ServiceName(r.Cluster)
	isSocket := strings.HasSuffix(e.Unit, ".socket") && !strings.Contains(e.Unit, "@")
	if !isWorker && !isSocket && !isCluster {
		return Event{}, false
	}
	if kind := operated(e); kind != "" && e.Unit != e.Field("_SYSTEMD_UNIT") {
		return Event{Time: e.Time, Kind: kind, Unit: e.Unit, Worker: instance, Message: e.Message}, true
	}
	if !e.Manager {
		return Event{}, false
	}
	if r.pasts == nil {
		r.pasts = make(map[string]past)
	}
	now := r.pasts[e.Unit]
	kind, message := now.read(e)
	r.pasts[e.Unit] = now
	return Event{Time: e.Time, Kind: kind, Unit: e.Unit, Worker: instance, Message: message}, kind != ""
}

// read is what happened, "" if it is nothing to tell yet.
func (p *past) read(e journal.Entry) (Kind, string) {
	switch e.Field("MESSAGE_ID") {
	case unitStarted:
		return p.started()
	case unitStopped:
		if e.Field("JOB_TYPE") == "restart" {
			p.asked()
			return "", ""
		}
		*p = past{}
		return Stopped, ""
	case unitReloaded:
		return Reloaded, ""
	case restartQueued:
		p.restart = "by systemd, restart " + e.Field("N_RESTARTS") + " since it was last started by hand"
	case processExited:
		if command := e.Field("COMMAND"); command == "" || command == "ExecStart" {
			p.exit = exit(e.Field("EXIT_CODE"), e.Field("EXIT_STATUS"), e.Message)
		}
	case killedByKernel:
		p.killed = true
		return OOMKill, "a process of it was killed by the kernel, for memory was short"
	case killedByOOMD:
		p.killed = true
		return OOMKill, "a process of it was killed by systemd-oomd, for memory was short"
	case unitResult:
		return p.ended(e.Field("UNIT_RESULT"))
	case unitFailed:
		if result := e.Field("JOB_RESULT"); result != "failed" { // else its result says more
			return Failed, "its start was not done (" + result + ")"
		}
	}
	return "", ""
}

func (p *past) started() (Kind, string) {
	defer func() { *p = past{} }()
	if p.restart == "" {
		return Started, ""
	}
	return Restarted, p.restart
}

// asked is a stop that a start follows. An automatic restart has it too, on
// systemd 252.
func (p *past) asked() {
	if p.restart == "" {
		p.restart = "as somebody asked"
	}
}

// ended is about a unit that did not end well (systemd.exec(5), $SERVICE_RESULT).
func (p *past) ended(result string) (Kind, string) {
	switch result {
	case "exit-code", "signal", "core-dump":
		if p.exit == "" {
			return Crashed, "ended (" + result + ")"
		}
		return Crashed, p.exit
	case "watchdog":
		return Watchdog, "hung: it did not feed the watchdog, and was killed"
	case "oom-kill":
		if p.killed {
			return "", ""
		}
		return OOMKill, "ended, for memory was short"
	case "timeout":
		return TimedOut, "did not start or stop in time, and was killed"
	case "protocol":
		return Failed, "ended before it said READY=1, or did not keep to its Type= otherwise"
	}
	return Failed, "failed (" + result + ")"
}

// exit is how a process ended, of EXIT_CODE= and EXIT_STATUS=. The name of a
// signal stands in the message alone: "code=killed, status=9/KILL".
func exit(code, status, message string) string {
	_, name, _ := strings.Cut(message, "status="+status+"/")
	if name != "" {
		name = " (" + name + ")"
	}
	switch code {
	case "exited":
		return "exited with status " + status + name
	case "killed":
		return "was killed by signal " + status + name
	case "dumped":
		return "dumped core by signal " + status + name
	}
	return fmt.Sprintf("ended (%s %s)", code, status)
}
