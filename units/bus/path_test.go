package bus

import (
	"testing"

	"github.com/godbus/dbus/v5"
)

func TestUnitPath(t *testing.T) {
	for unit, path := range map[string]string{
		"web@3.service":        "/org/freedesktop/systemd1/unit/web_403_2eservice",
		"web-admin@3.socket":   "/org/freedesktop/systemd1/unit/web_2dadmin_403_2esocket",
		`web@a\x2db.service`:   "/org/freedesktop/systemd1/unit/web_40a_5cx2db_2eservice",
		"1st.service":          "/org/freedesktop/systemd1/unit/_31st_2eservice",
		"clusterctl_x.service": "/org/freedesktop/systemd1/unit/clusterctl_5fx_2eservice",
	} {
		if got := unitPath(unit); string(got) != path {
			t.Errorf("unitPath(%q) = %s, want %s", unit, got, path)
		}
		if got, ok := unitOfPath(unitPath(unit)); !ok || got != unit {
			t.Errorf("unitOfPath of %q = %q, %v", unit, got, ok)
		}
	}
	for _, path := range []string{"/org/freedesktop/systemd1/unit/web_4", "/org/freedesktop/systemd1/unit/web_zz", "/org/freedesktop/systemd1/job/4"} {
		if got, ok := unitOfPath(dbus.ObjectPath(path)); ok {
			t.Errorf("unitOfPath(%q) = %q, want none", path, got)
		}
	}
}

// Anyone may send a signal with a path of his own.
func FuzzUnitOfPath(f *testing.F) {
	f.Add("/org/freedesktop/systemd1/unit/web_403_2eservice")
	f.Fuzz(func(t *testing.T, path string) {
		unit, ok := unitOfPath(dbus.ObjectPath(path))
		if !ok || unit == "" {
			return
		}
		if again, ok := unitOfPath(unitPath(unit)); !ok || again != unit {
			t.Errorf("%q -> %q -> %q", path, unit, again)
		}
	})
}
