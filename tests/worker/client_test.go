package worker

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// client is one connection to the shared listener. It repeats nothing.
type client struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

func dial(t *testing.T, address net.Addr) *client {
	t.Helper()
	conn, err := net.Dial(address.Network(), address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &client{t, conn, bufio.NewReader(conn)}
}

func (c *client) send(path string) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: worker\r\n\r\n", path); err != nil {
		c.t.Fatal(err)
	}
}

// answer is a whole one with the status 200.
func (c *client) answer() *http.Response {
	c.t.Helper()
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		c.t.Fatalf("got %s, %v", answer.Status, err)
	}
	return answer
}

func (c *client) expectClosed() {
	c.t.Helper()
	if _, err := c.reader.ReadByte(); !errors.Is(err, io.EOF) {
		c.t.Errorf("wanted the end of the connection, got %v", err)
	}
}

// post asks as root.
func (p *process) post(path string, want int) {
	p.t.Helper()
	if status, err := postAs(0, p.admin, path); status != want || err != nil {
		p.t.Errorf("POST %s: got %d, %v, wanted %d", path, status, err, want)
	}
}

// postAs asks in a thread that belongs to another user, and ends with it.
func postAs(uid int, socket, path string) (status int, err error) {
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
			err = fmt.Errorf("setresuid: %w", errno)
			return
		}
		status, err = post(socket, path)
	}()
	<-asked
	return status, err
}

func post(socket, path string) (int, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: admin\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", path); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// eventually asks for what nobody tells. The limit is for a hang alone.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}
