package spec

import (
	"fmt"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"
)

// ListenerKind is the setting of systemd.socket(5) that makes the socket.
type ListenerKind string

// The kinds of listeners.
const (
	Stream     ListenerKind = "ListenStream"
	Datagram   ListenerKind = "ListenDatagram"
	Sequential ListenerKind = "ListenSequentialPacket"
)

// Listener is one shared listening socket, under the name by which a worker
// finds it (FileDescriptorName= of systemd.socket(5)).
type Listener struct {
	Name    string
	Kind    ListenerKind
	Address string // as the setting of its Kind takes it
	// Access to a Unix socket; zero values leave systemd's: 0666, root, root.
	Mode        fs.FileMode
	User, Group string
	Backlog     int // 0: systemd's
}

// IsPath says that the listener is a Unix socket in the file system.
func (l Listener) IsPath() bool { return strings.HasPrefix(l.Address, "/") }

// IsVsock says that the listener is one for virtual machines (vsock(7)).
func (l Listener) IsVsock() bool { return strings.HasPrefix(l.Address, "vsock:") }

// IsIP says that the listener has an IP address and a port.
func (l Listener) IsIP() bool {
	return l.Address != "" && !strings.ContainsAny(l.Address[:1], "/@") && !l.IsVsock()
}

// String is the value of Listen= that ParseListener reads as the same listener.
func (l Listener) String() string {
	text := l.Name + "=" + l.prefix() + l.Address
	if l.Mode != 0 {
		text += fmt.Sprintf(" mode=%04o", l.Mode)
	}
	if l.User != "" {
		text += " user=" + l.User
	}
	if l.Group != "" {
		text += " group=" + l.Group
	}
	if l.Backlog != 0 {
		text += " backlog=" + strconv.Itoa(l.Backlog)
	}
	return text
}

func (l Listener) prefix() string {
	switch l.Kind {
	case Datagram:
		if l.IsIP() {
			return "udp:"
		}
		return "datagram:"
	case Sequential:
		return "seqpacket:"
	case Stream:
	}
	return ""
}

// A pattern that counts takes longer to build than all of this takes to read, and
// every command would pay for it: the lengths stand beside the patterns.
var (
	listenerName = pattern(`^[A-Za-z0-9_.-]+$`)
	accountName  = pattern(`^([a-zA-Z_][a-zA-Z0-9_-]*|[0-9]+)$`)
)

const (
	longestListenerName  = 64
	longestAccountName   = 31
	longestAccountNumber = 10
)

func isAccount(s string) bool {
	longest := longestAccountName
	if s != "" && s[0] >= '0' && s[0] <= '9' {
		longest = longestAccountNumber
	}
	return len(s) <= longest && accountName().MatchString(s)
}

// ParseListener reads NAME=ADDRESS with options after it, such as
// "http=0.0.0.0:8080", "dns=udp:53" or "ctl=/run/web.sock mode=0660 group=www".
func ParseListener(s string) (Listener, error) {
	name, rest, ok := strings.Cut(s, "=")
	words := strings.Fields(rest)
	if !ok || len(words) == 0 {
		return Listener{}, fmt.Errorf("%q: wanted NAME=ADDRESS, such as http=0.0.0.0:8080", s)
	}
	name = strings.Trim(name, blanks)
	switch {
	case len(name) > longestListenerName, !listenerName().MatchString(name):
		return Listener{}, fmt.Errorf(`%q: the name of a listener is made of at most 64 letters, digits, "_", "-" and "."`, name)
	case name == "admin", name == "activate":
		return Listener{}, fmt.Errorf("%q is the name of a unit of the cluster's own: wanted another", name)
	}
	l := Listener{Name: name}
	if err := l.setAddress(words[0]); err != nil {
		return Listener{}, err
	}
	for _, word := range words[1:] {
		if err := l.setOption(word); err != nil {
			return Listener{}, err
		}
	}
	return l, nil
}

func (l *Listener) setAddress(word string) error {
	const wanted = "wanted PORT, IPv4:PORT, [IPv6]:PORT, /PATH, @ABSTRACT or vsock:CID:PORT, after udp:, datagram: or seqpacket: if it is not a stream"
	kind, address := Stream, word
	for prefix, of := range map[string]ListenerKind{"udp:": Datagram, "datagram:": Datagram, "seqpacket:": Sequential} {
		if after, ok := strings.CutPrefix(word, prefix); ok {
			kind, address = of, after
		}
	}
	l.Kind, l.Address = kind, address
	switch {
	case !isAddress(address):
		return fmt.Errorf("address %q: %s", word, wanted)
	case l.IsIP() && kind == Sequential:
		return fmt.Errorf("address %q: IP has no sequential packets; %s", word, wanted)
	case strings.HasPrefix(word, "udp:") && !l.IsIP():
		return fmt.Errorf(`address %q: UDP needs an IP address or a port, wanted "datagram:" for a Unix socket`, word)
	case strings.HasPrefix(address, "vsock:") && kind == Datagram:
		return fmt.Errorf("address %q: few transports of vsock carry datagrams; %s", word, wanted)
	}
	return nil
}

func isAddress(address string) bool {
	switch {
	case strings.HasPrefix(address, "/"), strings.HasPrefix(address, "@"):
		// 108 bytes hold a path and its end (unix(7)); the rest would mean
		// something to systemd.
		return len(address) >= 2 && len(address) <= 107 && !strings.ContainsAny(address, `%\"'`)
	case strings.HasPrefix(address, "vsock:"):
		cid, port, _ := strings.Cut(address[len("vsock:"):], ":")
		return isNumber(port, 32) && (cid == "" || isNumber(cid, 32))
	case strings.Contains(address, ":"):
		parsed, err := netip.ParseAddrPort(address)
		return err == nil && parsed.Port() != 0 && parsed.Addr().Zone() == ""
	}
	return isNumber(address, 16) && strings.Trim(address, "0") != ""
}

func isNumber(s string, bits int) bool {
	_, err := strconv.ParseUint(s, 10, bits)
	return err == nil
}

func (l *Listener) setOption(word string) error {
	key, value, _ := strings.Cut(word, "=")
	if key != "backlog" && !l.IsPath() {
		if key == "mode" || key == "user" || key == "group" {
			return fmt.Errorf("%s: only a Unix socket in the file system has it", word)
		}
	}
	switch key {
	case "mode":
		mode, err := strconv.ParseUint(value, 8, 32)
		if err != nil || mode == 0 || mode > 0o777 {
			return fmt.Errorf("%q: wanted an octal mode from 0001 to 0777, such as mode=0660", word)
		}
		l.Mode = fs.FileMode(mode)
	case "user", "group":
		if !isAccount(value) {
			return fmt.Errorf("%q: wanted the name or number of a %s", word, key)
		}
		if key == "user" {
			l.User = value
		} else {
			l.Group = value
		}
	case "backlog":
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil || n == 0 || l.Kind == Datagram {
			return fmt.Errorf("%q: wanted a number of connections from 1 on, for a socket that has connections", word)
		}
		l.Backlog = int(n)
	default:
		return fmt.Errorf("%q: unknown option%s", word, didYouMean(key, []string{"mode", "user", "group", "backlog"}))
	}
	return nil
}
