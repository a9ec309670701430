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

// What is only read is for whoever the mode of the socket lets in: a monitor
// needs no right over workers. All else is for root and the worker's own user,
// whatever the mode is.
func TestAdmin_AnotherUserMayReadAndChangeNothing(t *testing.T) {
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
	for question, want := range map[string]int{
		"GET /healthz": http.StatusOK, "GET /readyz": http.StatusOK, "GET /stats": http.StatusOK,
		"POST /drain": http.StatusForbidden, "POST /undrain": http.StatusForbidden,
	} {
		status, body, err := askAs(nobody, worker.admin, question)
		if err != nil {
			t.Fatal(err)
		}
		if status != want || status == http.StatusForbidden && body != "only root and the worker's own user may do this" {
			t.Errorf("%s: wanted %d, got %d %s", question, want, status, body)
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

func TestMayControl(t *testing.T) {
	for _, test := range []struct {
		peer uint32
		own  int
		want bool
	}{{0, 1000, true}, {1000, 1000, true}, {1001, 1000, false}, {1000, 0, false}} {
		if got := mayControl(test.peer, test.own); got != test.want {
			t.Errorf("peer %d of %d: wanted %t, got %t", test.peer, test.own, test.want, got)
		}
	}
}
