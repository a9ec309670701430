package survey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
		c.HeldByManager, err = held(manager)
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
		inodes, err := heldByTree(w.MainPID)
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

// heldByTree are the sockets that a process or one of its children has open: of a
// server that forks the main process need not keep the listener.
func heldByTree(pid uint32) (map[uint64]bool, error) {
	inodes, err := held(pid)
	if err != nil {
		return nil, err
	}
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that has ended, or a kernel that does not tell
		}
		for child := range strings.FieldsSeq(string(children)) {
			number, err := strconv.ParseUint(child, 10, 32)
			if err != nil {
				continue
			}
			of, err := heldByTree(uint32(number))
			if err != nil {
				continue // it ended meanwhile
			}
			for inode := range of {
				inodes[inode] = true
			}
		}
	}
	return inodes, nil
}

// held are the inodes of the sockets that a process has open.
func held(pid uint32) (map[uint64]bool, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	inodes := make(map[uint64]bool)
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join(dir, entry.Name()))
		if errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		number, isSocket := strings.CutPrefix(target, "socket:[")
		if err != nil || !isSocket {
			continue // closed meanwhile, or a file
		}
		if inode, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64); err == nil {
			inodes[inode] = true
		}
	}
	return inodes, nil
}
