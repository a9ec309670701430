package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// conn is one HTTP/1.1 connection, used by one request at a time.
type conn struct {
	net.Conn
	reader *bufio.Reader
	uses   int
	worker string    // that answered last
	idle   time.Time // since when
	broken error     // what Read met
}

// Read remembers the error: http.ReadResponse reports a header cut short as a
// malformed one, and we have to tell a bad server from a lost connection.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.broken = err
	}
	return n, err
}

// answer is a complete response.
type answer struct {
	status          int
	worker, release string
	last            bool // the connection ends with it
}

// exchange sends request and reads the whole response. The connection can be
// used again only if the error is nil and the answer isn't the last one.
func (c *conn) exchange(ctx context.Context, request *http.Request) (answer, error) {
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return answer{}, fmt.Errorf("set the deadline: %w", err)
	}
	c.uses++
	if err := request.Write(c); err != nil {
		return answer{}, fmt.Errorf("write the request: %w", err)
	}
	response, err := c.readFinal(request)
	if err != nil && c.broken != nil {
		return answer{}, fmt.Errorf("read the response: %w (%w)", c.broken, err)
	}
	if err != nil {
		return answer{}, fmt.Errorf("read the response: %w", err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read the body, after %d of %d bytes: %w", n, response.ContentLength, err)
	}
	// Only the end of the connection ends such a body, so nobody can tell a
	// whole one from one cut short.
	if response.ContentLength < 0 && len(response.TransferEncoding) == 0 {
		return answer{}, fmt.Errorf("response of %d bytes has neither Content-Length nor chunks: can't tell whether it is complete", n)
	}
	c.worker = response.Header.Get("X-Worker")
	return answer{
		status:  response.StatusCode,
		worker:  c.worker,
		release: response.Header.Get("X-Release"),
		last:    response.Close,
	}, nil
}

// readFinal skips interim responses (RFC 9110 section 15.2).
func (c *conn) readFinal(request *http.Request) (*http.Response, error) {
	for {
		response, err := http.ReadResponse(c.reader, request)
		if err != nil || response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			return response, err
		}
	}
}
