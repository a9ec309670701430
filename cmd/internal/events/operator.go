package events

import (
	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/units"
)

// What an operator does that systemd knows nothing of is told with these messages.
const (
	scaled    = "08a81988932b4c8f802bd8f8a2e1b53d"
	drained   = "785a4f6c43a84ee29c4b61126146169c"
	undrained = "944ac11cd2034cec90b75c25c9efbdcb"
)

// Operator tells the journal what somebody did to a cluster.
type Operator struct {
	Cluster string
	User    bool   // the cluster is one of a user's manager
	By      string // who it is
}

// Scaled tells of another number of workers.
func (o Operator) Scaled(message string) { o.tell(units.ServiceName(o.Cluster), scaled, message) }

// Drained tells of a worker that was taken out of service.
func (o Operator) Drained(instance string) {
	o.tell(units.WorkerName(o.Cluster, instance), drained, "taken out of service")
}

// Undrained tells of a worker that was put back into service.
func (o Operator) Undrained(instance string) {
	o.tell(units.WorkerName(o.Cluster, instance), undrained, "put back into service")
}

func (o Operator) tell(unit, id, message string) {
	journal.Tell(o.User, unit, id, message+", by "+o.By)
}

// operated is the event of such an entry, "" if it is none.
func operated(e journal.Entry) Kind {
	switch e.Field("MESSAGE_ID") {
	case scaled:
		return Scaled
	case drained:
		return Drained
	case undrained:
		return Undrained
	}
	return ""
}
