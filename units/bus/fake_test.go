package bus_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
)

const (
	systemdName  = "org.freedesktop.systemd1"
	systemdPath  = dbus.ObjectPath("/org/freedesktop/systemd1")
	managerIface = systemdName + ".Manager"
)

// busConfig is a message bus with the limits of the system bus, which are
// dbus-daemon's own.
const busConfig = `<busconfig>
  <listen>unix:path=%s</listen>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

// startBus starts a private dbus-daemon and returns its address.
func startBus(t *testing.T) string {
	t.Helper()
	socket, config := filepath.Join(t.TempDir(), "bus"), filepath.Join(t.TempDir(), "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, socket), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := exec.Command("dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile", "--print-address")
	ready, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatalf("%v\ninstall it: apt-get install dbus", err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	})
	if _, err := bufio.NewReader(ready).ReadString('\n'); err != nil {
		t.Fatalf("dbus-daemon: %v", err)
	}
	return "unix:path=" + socket
}

// fakeSystemd stands on a private bus for the states that a real systemd can't
// be driven into at will. What is not said of a unit reads as its zero value.
type fakeSystemd struct {
	conn *dbus.Conn

	mu     sync.Mutex
	script script
	loaded map[string]map[string]any // by unit, its properties by name
	jobs   int
	asked  []string // "restart web@1.service", "get web@1.service", "get job 1"
}

// script is what a fakeSystemd does.
type script struct {
	// before is called before every answer, with what is asked.
	before func(what string)
	// job says what becomes of a job: its result, "" if it goes on, or the
	// error with which it is refused.
	job func() (units.JobResult, *dbus.Error)
}

// startSystemd puts a systemd with some units on a bus and connects to it.
func startSystemd(t *testing.T, address string, loaded map[string]map[string]any) (*fakeSystemd, *bus.Conn) {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	f := &fakeSystemd{conn: conn, loaded: loaded}
	f.follows(script{})
	manager := map[string]any{
		"Subscribe":           func() *dbus.Error { return nil },
		"ResetFailedUnit":     func(string) *dbus.Error { return nil },
		"ListUnitsByPatterns": f.list,
		"RestartUnit":         func(unit, _ string) (dbus.ObjectPath, *dbus.Error) { return f.begin("restart", unit) },
		"ReloadUnit":          func(unit, _ string) (dbus.ObjectPath, *dbus.Error) { return f.begin("reload", unit) },
		"StopUnit":            func(unit, _ string) (dbus.ObjectPath, *dbus.Error) { return f.begin("stop", unit) },
	}
	properties := map[string]any{"Get": f.get}
	for _, err := range []error{
		conn.ExportMethodTable(manager, systemdPath, managerIface),
		conn.ExportSubtreeMethodTable(properties, systemdPath, "org.freedesktop.DBus.Properties"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f.appear(t)
	client, err := bus.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return f, client
}

// appear takes the name of systemd, and disappear gives it up, as a systemd does
// that re-executes itself.
func (f *fakeSystemd) appear(t *testing.T) {
	t.Helper()
	if reply, err := f.conn.RequestName(systemdName, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("take the name of systemd: %v, %v", reply, err)
	}
}

func (f *fakeSystemd) disappear(t *testing.T) {
	t.Helper()
	if _, err := f.conn.ReleaseName(systemdName); err != nil {
		t.Fatal(err)
	}
}

// follows gives it another script.
func (f *fakeSystemd) follows(s script) {
	if s.before == nil {
		s.before = func(string) {}
	}
	if s.job == nil {
		s.job = endsAs(units.JobDone)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script = s
}

func endsAs(result units.JobResult) func() (units.JobResult, *dbus.Error) {
	return func() (units.JobResult, *dbus.Error) { return result, nil }
}

func refusedWith(name, message string) func() (units.JobResult, *dbus.Error) {
	return func() (units.JobResult, *dbus.Error) { return "", dbus.NewError(name, []any{message}) }
}

// hear notes what is asked and returns the script for the answer.
func (f *fakeSystemd) hear(what string) script {
	f.mu.Lock()
	f.asked = append(f.asked, what)
	s := f.script
	f.mu.Unlock()
	s.before(what)
	return s
}

// begin queues a job, which may end before its caller has heard of it: nothing
// stands in the way of that.
func (f *fakeSystemd) begin(verb, unit string) (dbus.ObjectPath, *dbus.Error) {
	result, refused := f.hear(verb + " " + unit).job()
	if refused != nil {
		return "", refused
	}
	f.mu.Lock()
	f.jobs++
	job := jobPath(f.jobs)
	f.mu.Unlock()
	if result != "" {
		f.removed(job, unit, result)
	}
	return job, nil
}

func jobPath(id int) dbus.ObjectPath {
	return systemdPath + dbus.ObjectPath(fmt.Sprintf("/job/%d", id))
}

// removed says that a job is over.
func (f *fakeSystemd) removed(job dbus.ObjectPath, unit string, result units.JobResult) {
	_ = f.conn.Emit(systemdPath, managerIface+".JobRemoved", uint32(0), job, unit, string(result))
}

// changed says that a unit has changed.
func (f *fakeSystemd) changed(unit string) {
	_ = f.conn.Emit(unitObject(unit), "org.freedesktop.DBus.Properties.PropertiesChanged", systemdName+".Unit", map[string]dbus.Variant{}, []string{})
}

var escape = strings.NewReplacer("@", "_40", ".", "_2e", "-", "_2d")

func unitObject(unit string) dbus.ObjectPath {
	return systemdPath + "/unit/" + dbus.ObjectPath(escape.Replace(unit))
}

// get reads a property of a unit, or tells that a job is not there any more.
func (f *fakeSystemd) get(message dbus.Message, _, name string) (dbus.Variant, *dbus.Error) {
	path := message.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	if job, ok := strings.CutPrefix(string(path), string(systemdPath)+"/job/"); ok {
		f.hear("get job " + job)
		return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownObject", nil)
	}
	f.mu.Lock()
	value, about := zero[name], ""
	for unit, properties := range f.loaded {
		if unitObject(unit) != path {
			continue
		}
		about = unit
		if known, ok := properties[name]; ok {
			value = known
		}
	}
	f.mu.Unlock()
	f.hear("get " + about)
	return dbus.MakeVariant(value), nil
}

// zero is what the properties are of a unit that nothing is said of.
var zero = map[string]any{
	"LoadState": "loaded", "ActiveState": "active", "SubState": "running", "NeedDaemonReload": false,
	"Job": struct {
		ID   uint32
		Path dbus.ObjectPath
	}{0, "/"},
	"InvocationID": []byte("0123456789abcdef"), "ActiveEnterTimestampMonotonic": uint64(1),
	"Result": "success", "NRestarts": uint32(0), "MainPID": uint32(1), "StatusText": "", "ExecMainStatus": int32(0),
	"Wants": []string{}, "FragmentPath": "", "DropInPaths": []string{},
	"Listen": []struct{ Type, Address string }{},
}

type listedUnit struct {
	Name, Description, LoadState, ActiveState, SubState, Following string
	Path                                                           dbus.ObjectPath
	JobID                                                          uint32
	JobType                                                        string
	JobPath                                                        dbus.ObjectPath
}

// list has every loaded worker, whatever the patterns are.
func (f *fakeSystemd) list(_, _ []string) ([]listedUnit, *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rows := []listedUnit{}
	for unit := range f.loaded {
		if strings.Contains(unit, "@") {
			rows = append(rows, listedUnit{Name: unit, Path: unitObject(unit), JobPath: "/"})
		}
	}
	return rows, nil
}

// becomes says what is so of a unit from now on.
func (f *fakeSystemd) becomes(unit string, properties map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loaded[unit] = properties
}

// heard is what was asked since the last call.
func (f *fakeSystemd) heard() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	heard := f.asked
	f.asked = nil
	return heard
}
