package activation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// storedFile is what the file descriptor store of a fake systemd holds.
type storedFile struct {
	name string // as FDNAME= said it
	file *os.File
}

// Conn is for manager.pass.
func (f storedFile) SyscallConn() (syscall.RawConn, error) { return f.file.SyscallConn() }

// keep takes the descriptors of a message, and closes those of a barrier.
func (c *child) keep(message string, control []byte) {
	parts, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return
	}
	for _, part := range parts {
		descriptors, err := syscall.ParseUnixRights(&part)
		if err != nil {
			continue
		}
		for _, fd := range descriptors {
			file := os.NewFile(uintptr(fd), "stored")
			if name, ok := strings.CutPrefix(message, "FDSTORE=1\nFDNAME="); ok {
				c.stored <- storedFile{name, file}
				continue
			}
			file.Close()
		}
	}
}

// storeScenario counts its starts in a file that has no name, kept in the store.
func storeScenario() error {
	sockets, err := Inherit()
	if err != nil {
		return err
	}
	state, err := stateFile(sockets.Restore("state"))
	if err != nil {
		return err
	}
	defer state.Close()
	if _, err := fmt.Fprint(state, "started "); err != nil {
		return err
	}
	if err := Store(context.Background(), "state", state); err != nil {
		return err
	}
	worker := testWorker(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, io.NewSectionReader(state, 0, 1000))
	})})
	if os.Getenv("SERVE") != "" {
		worker.Services[0].(*HTTP).Name = os.Getenv("SERVE")
	}
	return worker.Run(context.Background())
}

func stateFile(restored []*os.File) (*os.File, error) {
	if len(restored) > 0 {
		return restored[0], nil
	}
	file, err := os.CreateTemp("", "state")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

func TestStore_OverARestart(t *testing.T) {
	systemd := newManager(t)
	first := systemd.start("store")
	first.waitFor("READY=1")
	kept := <-first.stored
	if kept.name != "stored.state" {
		t.Errorf("name: wanted stored.state, got %q", kept.name)
	}
	first.terminate()
	if code, log := first.wait(); code != 0 {
		t.Fatalf("exit: wanted 0, got %d\n%s", code, log)
	}

	defer kept.file.Close()
	systemd.pass(kept.name, kept)
	second := systemd.start("store")
	second.waitFor("READY=1")
	(<-second.stored).file.Close()
	answer, err := fetch(t.Context(), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, "http://"+systemd.address())
	if err != nil || answer != "started started " {
		t.Errorf("state: wanted it from both, got %q, %v", answer, err)
	}
	second.terminate()
	if code, log := second.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

// A listener from the store is not served, even by a service of its name.
func TestStore_IsNoSocket(t *testing.T) {
	systemd := newManager(t)
	systemd.pass("stored.other", newManager(t).socket.(syscall.Conn))
	worker := systemd.start("store", "SERVE=stored.other")
	code, log := worker.wait()
	want := `socket "stored.other": wanted a descriptor of that name, got "http", "admin"`
	if code != 1 || !strings.Contains(log, want) {
		t.Errorf("wanted exit 1 and %s, got %d\n%s", want, code, log)
	}
}

func TestStore_Names(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	for name, good := range map[string]bool{
		"state": true, "a b": true, strings.Repeat("n", maxStoredName): true,
		"": false, "a:b": false, "a\nREADY=1": false, "ü": false, strings.Repeat("n", maxStoredName+1): false,
	} {
		var bad *StoredNameError
		for _, err := range []error{Store(t.Context(), name, os.Stdin), Unstore(t.Context(), name)} {
			if good && !errors.Is(err, ErrNoStore) {
				t.Errorf("name %q: wanted %v, got %v", name, ErrNoStore, err)
			}
			if !good && !errors.As(err, &bad) {
				t.Errorf("name %q: wanted a refusal, got %v", name, err)
			}
		}
	}
}

// A systemd that does not answer holds nobody beyond the context.
func TestStore_WaitsForSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.sock")
	deaf, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Unstore(ctx, "state"); !errors.Is(err, context.Canceled) {
		t.Errorf("wanted %v, got %v", context.Canceled, err)
	}
}
