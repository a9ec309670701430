package listener

import (
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

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
	err := each(addresses, func(s Socket) {
		if address, ok := asked[s.Address]; ok {
			s.Address = address
			sockets = append(sockets, s)
		}
	})
	return sockets, err
}

// each hands over the listening stream sockets of this network namespace, of the
// families that the addresses have: a host may have thousands of others.
func each(addresses []string, take func(Socket)) error {
	for _, family := range families(addresses) {
		messages, err := dump(family.request)
		if err != nil {
			return err
		}
		for _, message := range messages {
			if s, ok := family.read(message); ok {
				take(s)
			}
		}
	}
	return nil
}

// family is how the sockets of an address family are asked for and read.
type family struct {
	request nl.NetlinkRequestData
	read    func(message []byte) (Socket, bool)
}

// families are those of the addresses.
func families(addresses []string) []family {
	var all []family
	has := make(map[uint8]bool)
	for _, address := range addresses {
		f := family{unixRequest{}, unixSocket}
		number := uint8(unix.AF_UNIX)
		if parsed, err := netip.ParseAddrPort(address); err == nil {
			number = unix.AF_INET6
			if parsed.Addr().Is4() {
				number = unix.AF_INET
			}
			f = family{inetRequest(number), inetSocket}
		}
		if !has[number] {
			has[number] = true
			all = append(all, f)
		}
	}
	return all
}
