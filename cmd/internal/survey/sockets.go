package survey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/clusterctl/clusterctl/cmd/internal/doctor"
	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/units/listener"
)

func (s Surveyor) listeners(c *doctor.Cluster, unseen *blind) {
	if text, err := os.ReadFile("/proc/sys/net/core/somaxconn"); err == nil {
		c.SoMaxConn, _ = strconv.Atoi(strings.TrimSpace(string(text))) // 0 is not known
	}
	var addresses []string
	for _, socket := range c.SocketSetups {
		addresses = append(addresses, socket.Streams...)
	}
	var err error
	if c.Listening, err = listener.Sockets(addresses); err != nil {
		unseen.note("the listening sockets", err)
		return
	}
	manager, err := s.managerPID(c)
	if err == nil && manager != 0 {
		c.HeldByManager, err = listener.Held(manager)
	}
	if err != nil {
		unseen.note("the listeners that systemd and the workers hold", err)
		return
	}
	c.Held = make(map[string]map[uint64]bool)
	for _, w := range c.Workers {
		if w.MainPID == 0 {
			continue
		}
		inodes, err := listener.HeldByTree(w.MainPID)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it ended meanwhile
		case err != nil:
			unseen.note("the listeners that "+w.Name+" holds", err)
		default:
			c.Held[w.Instance] = inodes
		}
	}
}

// managerPID is the process of the service manager, 0 if it can't be found: that of
// a user is the parent of its workers.
func (s Surveyor) managerPID(c *doctor.Cluster) (uint32, error) {
	if s.Mode != generator.User {
		return 1, nil
	}
	for _, w := range c.Workers {
		if w.MainPID == 0 {
			continue
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.MainPID))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it ended meanwhile
		}
		if err != nil {
			return 0, err
		}
		return parent(string(stat))
	}
	return 0, nil
}

// parent is the parent process in a /proc/PID/stat (proc(5)): "7 (a name) S 1 ...".
func parent(stat string) (uint32, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0, fmt.Errorf("%q: wanted the state of a process", stat)
	}
	pid, err := strconv.ParseUint(fields[1], 10, 32)
	return uint32(pid), err
}
