// Package listener reads the accept queues of listening sockets from the kernel
// (sock_diag(7)).
//
// Its invariant: it only looks. It needs no privilege, opens none of the
// sockets, and asks for listening ones alone, so that its cost does not grow
// with the connections of the host.
package listener

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Queue is the accept queue of one address: the connections that no worker has
// accepted yet.
type Queue struct {
	Address string
	Waiting int
	// Limit is the backlog: with so many waiting, the kernel drops the next.
	Limit int
	// Dropped counts the connections that the kernel has dropped at this
	// listener since it was opened, mostly for want of room in the queue. Of a
	// Unix socket it is 0: there the client waits, or is told at once.
	Dropped uint64
}

// Full says that the next connection would be dropped.
func (q Queue) Full() bool { return q.Limit > 0 && q.Waiting >= q.Limit }

// stateListen is the state of a listening socket, TCP_LISTEN for Unix sockets
// too (include/net/tcp_states.h).
const stateListen = 10

// Queues are the accept queues of the addresses as the Listen property of a
// socket unit has them: "127.0.0.1:8080", "[::]:8080" or "/run/web.sock". Of
// several sockets on one address (SO_REUSEPORT) the fullest counts, and all that
// they have dropped. An address without a listening stream socket is left out.
func Queues(addresses []string) ([]Queue, error) {
	fullest := make(map[string]Queue)
	err := each(addresses, func(s Socket) {
		known, ok := fullest[s.Address]
		dropped := known.Dropped + s.Dropped
		q := s.Queue
		if ok && q.Waiting-q.Limit <= known.Waiting-known.Limit {
			q = known
		}
		q.Dropped = dropped
		fullest[q.Address] = q
	})
	if err != nil {
		return nil, err
	}
	var queues []Queue
	for _, address := range addresses {
		if q, ok := fullest[normal(address)]; ok {
			q.Address = address
			queues = append(queues, q)
		}
	}
	return queues, nil
}

// normal is an address in the form in which the kernel's are compared.
func normal(address string) string {
	if parsed, err := netip.ParseAddrPort(address); err == nil {
		return parsed.String()
	}
	return address
}

func dump(request nl.NetlinkRequestData) ([][]byte, error) {
	req := nl.NewNetlinkRequest(nl.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP)
	req.AddData(request)
	messages, err := req.Execute(unix.NETLINK_INET_DIAG, 0)
	if err != nil {
		return nil, fmt.Errorf("ask the kernel for listening sockets (sock_diag): %w", err)
	}
	return messages, nil
}

// inetRequest is a struct inet_diag_req_v2 for the listening TCP sockets of an
// address family.
type inetRequest uint8

// The sizes of the structures of linux/inet_diag.h and linux/unix_diag.h.
const (
	sizeofInetRequest = 56
	sizeofInetMessage = 72
	sizeofUnixRequest = 24
	sizeofUnixMessage = 16
)

func (inetRequest) Len() int { return sizeofInetRequest }

func (family inetRequest) Serialize() []byte {
	data := make([]byte, sizeofInetRequest)
	data[0], data[1] = uint8(family), unix.IPPROTO_TCP
	data[2] = 1 << (inetSocketMemory - 1) // idiag_ext: the attributes that are wanted
	binary.NativeEndian.PutUint32(data[4:], 1<<stateListen)
	return data
}

// inetSocketMemory is the attribute INET_DIAG_SKMEMINFO, an array of numbers in
// which the connections that were dropped stand at socketMemoryDrops.
const (
	inetSocketMemory  = 7
	socketMemoryDrops = 8 // SK_MEMINFO_DROPS of linux/sock_diag.h
)

// inetSocket reads a struct inet_diag_msg and the attributes after it. Of a
// listening socket idiag_rqueue is the length of the accept queue, and
// idiag_wqueue its limit.
func inetSocket(message []byte) (Socket, bool) {
	if len(message) < sizeofInetMessage || message[1] != stateListen {
		return Socket{}, false
	}
	port := binary.BigEndian.Uint16(message[4:])
	address := netip.AddrFrom4([4]byte(message[8:12]))
	if message[0] == unix.AF_INET6 {
		address = netip.AddrFrom16([16]byte(message[8:24]))
	}
	return Socket{
		Queue: Queue{
			Address: netip.AddrPortFrom(address, port).String(),
			Waiting: int(binary.NativeEndian.Uint32(message[56:])),
			Limit:   int(binary.NativeEndian.Uint32(message[60:])),
			Dropped: inetDropped(message[sizeofInetMessage:]),
		},
		Inode: uint64(binary.NativeEndian.Uint32(message[68:])),
	}, true
}

// inetDropped is 0 on a kernel that does not tell (before 4.7).
func inetDropped(attributes []byte) uint64 {
	parsed, err := parseAttributes(attributes)
	if err != nil {
		return 0
	}
	const at = 4 * socketMemoryDrops
	for _, attribute := range parsed {
		if attribute.Attr.Type == inetSocketMemory && len(attribute.Value) >= at+4 {
			return uint64(binary.NativeEndian.Uint32(attribute.Value[at:]))
		}
	}
	return 0
}

// parseAttributes reads what stands after a struct. The library takes it that the
// last attribute is filled up to four bytes, as the kernel does it.
func parseAttributes(attributes []byte) ([]syscall.NetlinkRouteAttr, error) {
	const alignment = 4
	missing := -len(attributes) & (alignment - 1)
	return nl.ParseRouteAttr(append(slices.Clip(attributes), make([]byte, missing)...))
}

// unixRequest is a struct unix_diag_req for the listening Unix sockets.
type unixRequest struct{}

func (unixRequest) Len() int { return sizeofUnixRequest }

func (unixRequest) Serialize() []byte {
	const showName, showQueue = 1, 16 // UDIAG_SHOW_NAME, UDIAG_SHOW_RQLEN
	data := make([]byte, sizeofUnixRequest)
	data[0] = unix.AF_UNIX
	binary.NativeEndian.PutUint32(data[4:], 1<<stateListen)
	binary.NativeEndian.PutUint32(data[12:], showName|showQueue)
	return data
}

// unixSocket reads a struct unix_diag_msg and the attributes after it.
func unixSocket(message []byte) (Socket, bool) {
	const name, queue = 0, 4 // UNIX_DIAG_NAME, UNIX_DIAG_RQLEN
	if len(message) < sizeofUnixMessage || message[2] != stateListen {
		return Socket{}, false
	}
	attributes, err := parseAttributes(message[sizeofUnixMessage:])
	if err != nil {
		return Socket{}, false
	}
	s := Socket{Inode: uint64(binary.NativeEndian.Uint32(message[4:]))}
	for _, attribute := range attributes {
		switch {
		case attribute.Attr.Type == name:
			s.Address = unixName(attribute.Value)
		case attribute.Attr.Type == queue && len(attribute.Value) >= 8:
			s.Waiting = int(binary.NativeEndian.Uint32(attribute.Value))
			s.Limit = int(binary.NativeEndian.Uint32(attribute.Value[4:]))
		}
	}
	return s, s.Address != ""
}

// unixName is a path, or an abstract name with "@" for the zero byte before it.
func unixName(value []byte) string {
	text := string(value)
	if abstract, ok := strings.CutPrefix(text, "\x00"); ok {
		return "@" + abstract
	}
	return strings.TrimRight(text, "\x00")
}
