package listener

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Held are the inodes of the sockets that a process has open.
func Held(pid uint32) (map[uint64]bool, error) {
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

// HeldByTree are the sockets that a process or one of its children has open: of a
// server that forks the main process need not keep the listener.
func HeldByTree(pid uint32) (map[uint64]bool, error) {
	inodes, err := Held(pid)
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
			of, err := HeldByTree(uint32(number))
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
