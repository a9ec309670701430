package generator

import (
	"fmt"
	"strings"
)

// sliceName is the slice of all workers. It is the one that systemd puts the
// instances of a template into when nothing is said (systemd.slice(5)), so that
// [Slice] gives limits to a cluster without moving its workers elsewhere.
func sliceName(cluster string, mode Mode) string {
	if mode == User {
		return "app-" + escape(cluster) + ".slice"
	}
	return "system-" + escape(cluster) + ".slice"
}

// escape is systemd-escape(1): "my-web" is "my\x2dweb", for a "-" in the name
// of a slice parts it from its parent.
func escape(name string) string {
	var escaped strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == ':', c == '_', c == '.' && i > 0:
			escaped.WriteByte(c)
		default:
			fmt.Fprintf(&escaped, `\x%02x`, c)
		}
	}
	return escaped.String()
}
