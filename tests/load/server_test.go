package load

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Worker: w1\r\nX-Release: r1\r\n\r\nok"

// listen serves each connection with handle until the end of the test, and
// returns the address.
func listen(t *testing.T, handle func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu    sync.Mutex
		conns []net.Conn
		going sync.WaitGroup
	)
	going.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			going.Go(func() {
				defer conn.Close()
				handle(conn.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range conns {
			conn.Close()
		}
		mu.Unlock()
		going.Wait()
	})
	return listener.Addr().String()
}

// answering replies to each request on a connection with the text that reply
// gives for it (1 is the first), until that is empty.
func answering(reply func(n int) string) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		reader := bufio.NewReader(conn)
		for n := 1; readRequest(reader); n++ {
			text := reply(n)
			if text == "" {
				return
			}
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
	}
}

func always(text string) func(int) string { return func(int) string { return text } }

func once(text string) func(int) string {
	return func(n int) string {
		if n == 1 {
			return text
		}
		return ""
	}
}

func readRequest(reader *bufio.Reader) bool {
	_, err := http.ReadRequest(reader)
	return err == nil
}
