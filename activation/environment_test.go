package activation

import (
	"strings"
	"testing"
)

func TestReadHandover(t *testing.T) {
	const pid = 100
	tests := []struct {
		name       string
		env        map[string]string
		open       int // descriptors from 3 on
		names      string
		supervised bool
		err        string
	}{
		{name: "by hand", env: map[string]string{"HOME": "/root"}},
		{
			name: "under systemd without a socket", env: map[string]string{"NOTIFY_SOCKET": "/run/notify"},
			supervised: true,
		},
		{
			name: "executed by systemd without a socket", env: map[string]string{"SYSTEMD_EXEC_PID": "100"},
			supervised: true,
		},
		{name: "child of a unit's process", env: map[string]string{"SYSTEMD_EXEC_PID": "99"}},
		{
			name: "two sockets", env: map[string]string{"LISTEN_PID": "100", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:admin"},
			open: 2, names: "http admin", supervised: true,
		},
		{
			name: "no names at all", env: map[string]string{"LISTEN_PID": "100", "LISTEN_FDS": "2"},
			open: 2, names: "unknown unknown", supervised: true,
		},
		{
			name: "another process", env: map[string]string{"LISTEN_PID": "99", "LISTEN_FDS": "1"}, open: 1,
			err: `LISTEN_PID="99": wanted 100, this process: the descriptors belong to another`,
		},
		{
			name: "no LISTEN_PID", env: map[string]string{"LISTEN_FDS": "1"}, open: 1,
			err: `LISTEN_PID="": wanted 100`,
		},
		{
			name: "no LISTEN_FDS", env: map[string]string{"LISTEN_PID": "100"}, open: 1,
			err: `LISTEN_FDS="": wanted a number of descriptors, at least 1`,
		},
		{
			name: "not a number", env: map[string]string{"LISTEN_PID": "100", "LISTEN_FDS": "two"}, open: 2,
			err: `LISTEN_FDS="two": wanted a number`,
		},
		{
			name: "zero", env: map[string]string{"LISTEN_PID": "100", "LISTEN_FDS": "0"}, open: 2,
			err: `LISTEN_FDS="0": wanted a number`,
		},
		{
			name: "negative", env: map[string]string{"LISTEN_PID": "100", "LISTEN_FDS": "-1"}, open: 2,
			err: `LISTEN_FDS="-1": wanted a number`,
		},
		{
			name: "more than are open", env: map[string]string{"LISTEN_PID": "100", "LISTEN_FDS": "2147483647"}, open: 2,
			err: `LISTEN_FDS="2147483647": wanted 2, as descriptor 5 was not passed`,
		},
		{
			name: "too large for a number", env: map[string]string{"LISTEN_PID": "100", "LISTEN_FDS": "99999999999999999999"}, open: 2,
			err: `wanted a number`,
		},
		{
			name: "too few names", env: map[string]string{"LISTEN_PID": "100", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "http"}, open: 2,
			err: `LISTEN_FDNAMES="http": wanted 2 names, one for each of LISTEN_FDS`,
		},
		{
			name: "too many names", env: map[string]string{"LISTEN_PID": "100", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "http:admin"}, open: 1,
			err: `LISTEN_FDNAMES="http:admin": wanted 1 names`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lookup := func(name string) (string, bool) { value, ok := test.env[name]; return value, ok }
			isPassed := func(fd int) bool { return fd < firstDescriptor+test.open }
			got, err := readHandover(lookup, pid, isPassed)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("error: wanted %s, got %v", test.err, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if names := strings.Join(got.names, " "); names != test.names || got.supervised != test.supervised {
				t.Errorf("wanted %q supervised %t, got %q %t", test.names, test.supervised, names, got.supervised)
			}
		})
	}
}
