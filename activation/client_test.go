package activation

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// rawClient is a keep-alive client that never retries: a request that gets no
// answer is lost. It opens a new connection only if the last answer said
// Connection: close.
type rawClient struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

// get sends one request and reads its whole answer. closing tells whether the
// answer said that the connection ends.
func (c *rawClient) get(path string) (closing bool, err error) {
	if c.conn == nil {
		if err := c.dial(); err != nil {
			return false, err
		}
	}
	if err := c.send(path); err != nil {
		return false, err
	}
	return c.receive()
}

func (c *rawClient) dial() error {
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	c.conn, c.reader = conn, bufio.NewReader(conn)
	return nil
}

func (c *rawClient) send(path string) error {
	if _, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

func (c *rawClient) receive() (closing bool, err error) {
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return false, fmt.Errorf("receive: %w", err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return false, fmt.Errorf("receive body: %w", err)
	}
	if answer.Close {
		c.close()
	}
	if answer.StatusCode != http.StatusOK {
		return answer.Close, fmt.Errorf("status %s", answer.Status)
	}
	return answer.Close, nil
}

func (c *rawClient) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// waitClosed returns once the worker has closed the idle connection.
func (c *rawClient) waitClosed(t *testing.T) {
	t.Helper()
	_, err := c.reader.ReadByte()
	if errors.Is(err, os.ErrDeadlineExceeded) || !errors.Is(err, io.EOF) {
		t.Fatalf("idle connection: wanted EOF, got %v", err)
	}
}
