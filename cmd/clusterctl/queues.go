package main

import (
	"errors"
	"io/fs"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/listener"
)

// acceptQueues are those of the kernel.
type acceptQueues struct{}

// Full asks the kernel. One without sock_diag has no answer, and then none is.
func (acceptQueues) Full(cluster units.Cluster) (string, error) {
	sockets, err := listener.Sockets(cluster.Listen)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	for _, socket := range sockets {
		if socket.Full() && isHeld(socket, cluster.Workers) {
			return socket.Address, nil
		}
	}
	return "", err
}

// isHeld says whether a worker may hold the listener. One that can't be looked
// into may.
func isHeld(socket listener.Socket, workers []units.Worker) bool {
	for _, w := range workers {
		if w.MainPID == 0 {
			continue
		}
		inodes, err := listener.HeldByTree(w.MainPID)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it ended meanwhile
		}
		if err != nil || inodes[socket.Inode] {
			return true
		}
	}
	return false
}
