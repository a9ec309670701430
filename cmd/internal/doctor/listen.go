package doctor

import (
	"fmt"
	"math"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/listener"
	"github.com/clusterctl/clusterctl/units/rollout"
)

var listenerChecks = []Check{
	{
		Name: "socket", Severity: Error, cluster: socketActive,
		Why: "Workers that run hold the listener themselves, so nobody notices a socket unit that is down, until the next worker that starts gets none.",
	},
	{
		Name: "listener", Severity: Error, cluster: sameListener,
		Why: "After a socket unit was restarted it has a new listener beside the one that the workers hold. The kernel gives connections to both, and those of the new one wait for a worker that takes it over.",
	},
	{
		Name: "backlog", Severity: Warning, cluster: backlog,
		Why: "The kernel bounds the queue of a listener by net.core.somaxconn, without a word: beyond it connections are dropped while workers are busy or replaced.",
	},
}

func socketActive(c Cluster) []fault {
	var found []fault
	for _, socket := range c.SocketSetups {
		isDown := socket.LoadState == units.Loaded && socket.ActiveState != units.Active
		isStopped := rollout.IsStopped(c.Cluster) && socket.ActiveState == units.Inactive
		if isDown && !isStopped {
			message := fmt.Sprintf("%s (result=%s): a worker that starts gets no listener", socket.ActiveState, socket.Result)
			found = append(found, fault{socket.Name, message, c.systemctl("restart", socket.Name) + c.roll()})
		}
	}
	return found
}

// listening are the sockets on an address of which the manager holds some, and
// those that it does not hold.
func (c Cluster) listening(address string) (held, others []listener.Socket) {
	for _, s := range c.Listening {
		switch {
		case s.Address != address:
		case c.HeldByManager[s.Inode]:
			held = append(held, s)
		default:
			others = append(others, s)
		}
	}
	return held, others
}

func sameListener(c Cluster) []fault {
	if c.HeldByManager == nil || c.UnderWay {
		return nil
	}
	var found []fault
	for _, socket := range c.SocketSetups {
		if socket.ActiveState != units.Active {
			continue // the check of the socket has told
		}
		for _, address := range socket.Streams {
			found = append(found, c.heldOn(socket.Name, address)...)
		}
	}
	return found
}

// heldOn are the faults of one address.
func (c Cluster) heldOn(socket, address string) []fault {
	current, others := c.listening(address)
	if len(current) == 0 {
		return []fault{{socket, "active, and systemd holds no listener on " + address, c.systemctl("restart", socket) + c.roll()}}
	}
	var old, none []string
	for _, w := range c.serving() {
		held, known := c.Held[w.Instance]
		switch {
		case !known, c.Answers[w.Instance].OutOfService, holds(held, current):
		case holds(held, others):
			old = append(old, w.Name)
		default:
			none = append(none, w.Name)
		}
	}
	var found []fault
	if len(old) > 0 {
		found = append(found, fault{names(old), fmt.Sprintf("on the listener of %s from before %s was restarted", address, socket), c.clusterctl("rollout restart", c.Name)})
	}
	if len(none) > 0 && len(none) == len(c.serving()) {
		mend := c.clusterctl("logs", c.Name, "-n 50   # a worker of the library says which listener it did not take; Listen= names them")
		return append(found, fault{socket, "no worker accepts from " + address + ": connections to it wait for ever", mend})
	}
	if len(none) > 0 {
		found = append(found, fault{names(none), "up, and without the listener on " + address, c.clusterctl("rollout restart", c.Name)})
	}
	return found
}

func holds(held map[uint64]bool, one []listener.Socket) bool {
	for _, s := range one {
		if held[s.Inode] {
			return true
		}
	}
	return false
}

func backlog(c Cluster) []fault {
	var found []fault
	for _, socket := range c.SocketSetups {
		const asMuchAsThereIs = math.MaxInt32 // systemd 255 and newer, by default
		if socket.Backlog >= asMuchAsThereIs {
			continue
		}
		wanted := int(socket.Backlog)
		for _, address := range socket.Streams {
			limit := c.limit(address)
			if limit == 0 || limit >= wanted {
				continue
			}
			mend := c.systemctl("restart", socket.Name) + c.roll()
			message := fmt.Sprintf("room for %d waiting connections, and Backlog=%d asks for more", limit, wanted)
			if c.SoMaxConn > 0 && c.SoMaxConn < wanted {
				message += fmt.Sprintf(": net.core.somaxconn is %d", c.SoMaxConn)
				mend = fmt.Sprintf("sysctl -w net.core.somaxconn=%d && %s   # and in /etc/sysctl.d for the next boot", wanted, mend)
			}
			found = append(found, fault{address, message, mend})
			break // one command is for all of them
		}
	}
	return found
}

// limit is the longest queue on an address, 0 if nobody listens.
func (c Cluster) limit(address string) int {
	longest := 0
	for _, s := range c.Listening {
		if s.Address == address {
			longest = max(longest, s.Limit)
		}
	}
	return longest
}
