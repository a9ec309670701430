package bus_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"go.uber.org/goleak"

	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
)

// dbus-daemon refuses a call when 128 others of the connection wait for their
// replies, and a systemd that is busy answers late.
func TestConn_StaysBelowTheRepliesThatABusAllows(t *testing.T) {
	const workers = 200
	loaded := map[string]map[string]any{"web.service": {}}
	for i := range workers {
		loaded[units.WorkerName("web", fmt.Sprint(i))] = map[string]any{}
	}
	systemd, conn := startSystemd(t, startBus(t), loaded)
	systemd.follows(script{before: func(string) { time.Sleep(2 * time.Millisecond) }})
	var all sync.WaitGroup
	all.Go(func() {
		if seen := list(t, conn.Cluster("web")); len(seen.Workers) != workers {
			t.Errorf("%d workers were read, wanted %d", len(seen.Workers), workers)
		}
	})
	for unit := range loaded {
		all.Go(func() {
			if result, err := conn.Restart(t.Context(), unit); err != nil || result != units.JobDone {
				t.Errorf("restart %s: %q, %v", unit, result, err)
			}
		})
	}
	all.Wait()
}

func TestConn_EveryEndOfAJobIsToldAsItIs(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	systemd, conn := startSystemd(t, startBus(t), nil)
	defer conn.Close()
	defer systemd.conn.Close()
	for _, result := range []units.JobResult{
		units.JobDone, units.JobCanceled, units.JobTimeout, units.JobFailed, units.JobDependency, units.JobSkipped, "of a later systemd",
	} {
		systemd.follows(script{job: endsAs(result)})
		for verb, do := range map[string]func() (units.JobResult, error){
			"restart": func() (units.JobResult, error) { return conn.Restart(t.Context(), "web@1.service") },
			"reload":  func() (units.JobResult, error) { return conn.Reload(t.Context(), "web@1.service") },
			"stop":    func() (units.JobResult, error) { return conn.Stop(t.Context(), "web@1.service") },
		} {
			if got, err := do(); err != nil || got != result {
				t.Errorf("a %s that ended as %q: %q, %v", verb, result, got, err)
			}
			if heard := systemd.heard(); !slices.Equal(heard, []string{verb + " web@1.service"}) {
				t.Errorf("systemd was asked to %q, wanted a %s", heard, verb)
			}
		}
	}
}

func TestConn_AJobThatIsRefused(t *testing.T) {
	systemd, conn := startSystemd(t, startBus(t), nil)
	for _, tt := range []struct {
		name, message string
		jobError      bool
		is            error
	}{
		{"org.freedesktop.systemd1.UnitMasked", "Unit web@1.service is masked.", true, nil},
		{"org.freedesktop.systemd1.NoSuchUnit", "Unit web@1.service not found.", true, nil},
		{"org.freedesktop.systemd1.TransactionJobsConflicting", "Transaction is destructive.", true, nil},
		{"org.freedesktop.systemd1.ShuttingDown", "Refusing operation, shutting down.", true, nil},
		{"org.freedesktop.DBus.Error.AccessDenied", "Permission denied", false, bus.ErrPermission},
		{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "Interactive authentication required.", false, bus.ErrPermission},
		{"org.freedesktop.DBus.Error.NoReply", "Remote peer disconnected", false, bus.ErrLost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			systemd.follows(script{job: refusedWith(tt.name, tt.message)})
			_, err := conn.Restart(t.Context(), "web@1.service")
			var refused *units.JobError
			switch {
			case err == nil || !strings.Contains(err.Error(), tt.message) || !strings.HasPrefix(err.Error(), `restart "web@1.service": `):
				t.Errorf("the error is %v", err)
			case tt.jobError && (!errors.As(err, &refused) || refused.Name != tt.name || refused.Unit != "web@1.service" || refused.Verb != "restart"):
				t.Errorf("the error is %#v", err)
			case tt.is != nil && !errors.Is(err, tt.is):
				t.Errorf("the error is no %q: %v", tt.is, err)
			}
		})
	}
}

func TestConn_AMaskedWorkerIsListedAsSuch(t *testing.T) {
	_, conn := startSystemd(t, startBus(t), map[string]map[string]any{
		"web.service":   {"Wants": []string{"web@2.service"}},
		"web@1.service": {},
		"web@2.service": {"LoadState": "masked", "ActiveState": "inactive", "SubState": "dead"},
	})
	seen := list(t, conn.Cluster("web"))
	if len(seen.Workers) != 2 || seen.Workers[1].LoadState != units.Masked || !seen.Workers[1].Enabled {
		t.Errorf("workers: %+v", seen.Workers)
	}
}

// jobEnd is what a restart that is waited for returns.
type jobEnd struct {
	result units.JobResult
	err    error
}

// goesOn restarts web@1.service with a job that does not end by itself, and
// returns when its end is waited for. It is the first job of that systemd.
func goesOn(t *testing.T, systemd *fakeSystemd, conn *bus.Conn) <-chan jobEnd {
	t.Helper()
	systemd.follows(script{job: endsAs("")})
	ended := make(chan jobEnd, 1)
	go func() {
		result, err := conn.Restart(t.Context(), "web@1.service")
		ended <- jobEnd{result, err}
	}()
	for conn.Waiting() == 0 {
		runtime.Gosched()
	}
	return ended
}

// systemd is away from the bus while a job ends. When it is back, and says that
// it knows no such job, the signal with the result may have come already, and
// stand behind others that are still to be handled.
func TestConn_AResultThatIsStillToBeHandledIsNotLost(t *testing.T) {
	systemd, conn := startSystemd(t, startBus(t), nil)
	conn.SlowDown(time.Millisecond)
	ended := goesOn(t, systemd, conn)
	systemd.follows(script{before: func(string) {
		for i := range 100 {
			systemd.changed(fmt.Sprintf("web@%d.service", i))
		}
		systemd.removed(jobPath(1), "web@1.service", units.JobFailed)
	}})
	systemd.disappear(t)
	systemd.appear(t)
	if end := <-ended; end.result != units.JobFailed || end.err != nil {
		t.Errorf("the job ended as %q, %v; wanted %q", end.result, end.err, units.JobFailed)
	}
}

// A job that ends unheard is lost, which is said and never waited for.
func TestConn_AJobThatEndsUnheardIsLost(t *testing.T) {
	systemd, conn := startSystemd(t, startBus(t), nil)
	ended := goesOn(t, systemd, conn)
	systemd.disappear(t)
	systemd.appear(t)
	if end := <-ended; !errors.Is(end.err, bus.ErrLost) {
		t.Errorf("got %q, %v", end.result, end.err)
	}
}

// Anyone on the bus may send a signal to anyone.
func TestConn_BelievesNobodyButSystemd(t *testing.T) {
	address := startBus(t)
	systemd, conn := startSystemd(t, address, nil)
	stranger, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	ended := goesOn(t, systemd, conn)
	whisper(t, stranger, systemdPath, managerIface+".JobRemoved", uint32(0), jobPath(1), "web@1.service", "failed")
	whisper(t, stranger, "/org/freedesktop/DBus", "org.freedesktop.DBus.NameOwnerChanged", systemdName, "", stranger.Names()[0])
	whisper(t, stranger, systemdPath, managerIface+".JobRemoved", uint32(0), jobPath(1), "web@1.service", "failed")
	// systemd itself may say what has another shape in a later version.
	_ = systemd.conn.Emit(systemdPath, managerIface+".JobRemoved", "another shape")
	systemd.removed(jobPath(1), "web@1.service", units.JobDone)
	if end := <-ended; end.result != units.JobDone || end.err != nil {
		t.Errorf("the job ended as %q, %v: a stranger was believed", end.result, end.err)
	}
}

// whisper sends a signal to everyone who may hear it, past the rules of what
// each wants to hear.
func whisper(t *testing.T, from *dbus.Conn, path dbus.ObjectPath, name string, body ...any) {
	t.Helper()
	var all []string
	if err := from.BusObject().Call("org.freedesktop.DBus.ListNames", 0).Store(&all); err != nil {
		t.Fatal(err)
	}
	dot := strings.LastIndexByte(name, '.')
	for _, to := range all {
		signal := &dbus.Message{
			Type: dbus.TypeSignal,
			Headers: map[dbus.HeaderField]dbus.Variant{
				dbus.FieldDestination: dbus.MakeVariant(to),
				dbus.FieldPath:        dbus.MakeVariant(path),
				dbus.FieldInterface:   dbus.MakeVariant(name[:dot]),
				dbus.FieldMember:      dbus.MakeVariant(name[dot+1:]),
				dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf(body...)),
			},
			Body: body,
		}
		from.Send(signal, nil)
	}
	// A call after them is answered after them.
	if err := from.BusObject().Call("org.freedesktop.DBus.GetId", 0).Err; err != nil {
		t.Fatal(err)
	}
}

// What happens to a unit on the way of its job is no news: it is read when the
// job is over.
func TestCluster_ReadsAWorkerWhenItsJobIsOverAndNotOnTheWay(t *testing.T) {
	systemd, conn := startSystemd(t, startBus(t), map[string]map[string]any{"web.service": {}, "web@1.service": {}, "web@2.service": {}})
	web := conn.Cluster("web")
	list(t, web)
	ended := goesOn(t, systemd, conn)
	systemd.changed("web@1.service")
	systemd.changed("web@2.service")
	<-web.Changes()
	systemd.heard()
	list(t, web)
	if heard := systemd.heard(); slices.Contains(heard, "get web@1.service") || !slices.Contains(heard, "get web@2.service") {
		t.Errorf("on the way of the job of web@1 systemd was asked to %q", heard)
	}
	systemd.becomes("web@1.service", map[string]any{"MainPID": uint32(42)})
	systemd.removed(jobPath(1), "web@1.service", units.JobDone)
	<-ended
	if seen := list(t, web); seen.Workers[0].MainPID != 42 {
		t.Errorf("the look after the job shows the worker before it: %+v", seen.Workers[0])
	}
}

// The end of a wait, and not of the job, lets every change be seen again.
func TestCluster_SeesAWorkerAgainWhoseJobNobodyWaitsForAnyMore(t *testing.T) {
	systemd, conn := startSystemd(t, startBus(t), map[string]map[string]any{"web.service": {}, "web@1.service": {}})
	web := conn.Cluster("web")
	list(t, web)
	systemd.follows(script{job: endsAs("")})
	ctx, giveUp := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Restart(ctx, "web@1.service")
		ended <- err
	}()
	for conn.Waiting() == 0 {
		runtime.Gosched()
	}
	systemd.becomes("web@1.service", map[string]any{"MainPID": uint32(42)})
	systemd.changed("web@1.service")
	giveUp()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case <-web.Changes():
	case <-time.After(time.Minute):
		t.Fatal("nothing tells of a change that came before the wait was given up")
	}
	if seen := list(t, web); seen.Workers[0].MainPID != 42 {
		t.Errorf("the worker is still seen as it was: %+v", seen.Workers[0])
	}
}
