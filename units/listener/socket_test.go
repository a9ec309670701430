package listener

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Each socket is one that this process holds, by its inode.
func TestSockets(t *testing.T) {
	addresses := []string{
		listen(t, "tcp4", "127.0.0.1:0", 5, 0),
		listen(t, "tcp6", "[::1]:0", 7, 0),
		listen(t, "unix", "@clusterctl-socket-test", 9, 0),
	}
	held := make(map[string]bool)
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil { // the one of the listing has gone
			held[target] = true
		}
	}
	sockets, err := Sockets(addresses)
	if err != nil {
		t.Fatal(err)
	}
	if len(sockets) != len(addresses) {
		t.Fatalf("got %+v, want one for each of %q", sockets, addresses)
	}
	for i, s := range sockets {
		if s.Address != addresses[i] || s.Limit != 5+2*i || !held[fmt.Sprintf("socket:[%d]", s.Inode)] {
			t.Errorf("socket %+v of %q is not among %v", s, addresses[i], held)
		}
	}
}

// Of a host with thousands of Unix sockets none is read for an address of TCP.
func TestFamilies(t *testing.T) {
	for _, tt := range []struct {
		addresses []string
		want      []nl.NetlinkRequestData
	}{
		{nil, nil},
		{[]string{"127.0.0.1:80", "0.0.0.0:81"}, []nl.NetlinkRequestData{inetRequest(unix.AF_INET)}},
		{[]string{"[::]:80", "/run/web.sock", "@web"}, []nl.NetlinkRequestData{inetRequest(unix.AF_INET6), unixRequest{}}},
	} {
		var got []nl.NetlinkRequestData
		for _, f := range families(tt.addresses) {
			got = append(got, f.request)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: asked for %v, wanted %v", tt.addresses, got, tt.want)
		}
	}
}
