package activation

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// Nobody but root and the worker's own user is told anything, even where the
// mode of the socket would let them.
func TestAdmin_AnotherUserIsToldNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("to be another user takes root")
	}
	worker := newManager(t).start("serve")
	worker.waitFor("READY=1")
	for path, mode := range map[string]os.FileMode{
		worker.admin: 0o666, filepath.Dir(worker.admin): 0o711, filepath.Dir(filepath.Dir(worker.admin)): 0o711,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	for _, question := range []string{"GET /healthz", "GET /readyz", "GET /stats", "POST /drain", "POST /undrain", "GET /elsewhere"} {
		status, body, err := askAs(nobody, worker.admin, question)
		if err != nil {
			t.Fatal(err)
		}
		if status != http.StatusForbidden || body != "only root and the worker's own user may ask" {
			t.Errorf("%s: wanted 403, got %d %s", question, status, body)
		}
	}
	if status, _, err := askAs(0, worker.admin, "GET /stats"); status != http.StatusOK || err != nil {
		t.Errorf("root: wanted 200, got %d, %v", status, err)
	}
}

// askAs connects in a thread that belongs to another user, and ends with it.
func askAs(uid int, path, question string) (status int, body string, err error) {
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
			err = os.NewSyscallError("setresuid", errno)
			return
		}
		status, body, err = askOnce(path, question)
	}()
	<-asked
	return status, body, err
}

func askOnce(path, question string) (int, string, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return 0, "", err
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n", question)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, strings.TrimSpace(string(body)), err
}

func TestMayAsk(t *testing.T) {
	for _, test := range []struct {
		peer uint32
		own  int
		want bool
	}{{0, 1000, true}, {1000, 1000, true}, {1001, 1000, false}, {1000, 0, false}} {
		if got := mayAsk(test.peer, test.own); got != test.want {
			t.Errorf("peer %d of %d: wanted %t, got %t", test.peer, test.own, test.want, got)
		}
	}
}
