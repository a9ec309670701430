package apply

import "time"

// Wait is how long new connections to a listener may have waited for somebody to
// accept them.
type Wait struct {
	Listener string        `json:"listener"`
	Worker   string        `json:"worker"` // the first that had it
	Time     time.Duration `json:"waited"`
}

// Waits are those of the listeners that workers have taken over, by systemd's own
// clock: from when the socket was active until the first worker was that was
// started after it.
func Waits(l Look, renewed map[string]bool) []Wait {
	var waits []Wait
	for _, socket := range l.Sockets {
		first := -1
		for i, w := range l.Workers {
			if w.Started >= socket.Started && w.Entered >= w.Started && (first < 0 || w.Entered < l.Workers[first].Entered) {
				first = i
			}
		}
		if renewed[socket.Name] && first >= 0 {
			waits = append(waits, Wait{socket.Name, l.Workers[first].Name, l.Workers[first].Entered - socket.Entered})
		}
	}
	return waits
}
