package listener

import "golang.org/x/sys/unix"

// Socket is one listening socket.
type Socket struct {
	Queue
	// Inode tells it from every other: the links in /proc/PID/fd of who holds it
	// read "socket:[INODE]" (proc(5)).
	Inode uint64
}

// Sockets are all listening sockets on the addresses, which are as Queues takes
// them. There are several on one address if that was allowed (SO_REUSEPORT).
func Sockets(addresses []string) ([]Socket, error) {
	asked := make(map[string]string)
	for _, address := range addresses {
		asked[normal(address)] = address
	}
	var sockets []Socket
	err := each(func(s Socket) {
		if address, ok := asked[s.Address]; ok {
			s.Address = address
			sockets = append(sockets, s)
		}
	})
	return sockets, err
}

// each hands over all listening stream sockets of this network namespace.
func each(take func(Socket)) error {
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		messages, err := dump(inetRequest(family))
		if err != nil {
			return err
		}
		for _, message := range messages {
			if s, ok := inetSocket(message); ok {
				take(s)
			}
		}
	}
	messages, err := dump(unixRequest{})
	if err != nil {
		return err
	}
	for _, message := range messages {
		if s, ok := unixSocket(message); ok {
			take(s)
		}
	}
	return nil
}
