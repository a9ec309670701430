package load

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// client sends HTTP/1.1 requests, each once.
type client struct {
	config Config

	mu   sync.Mutex
	idle []*conn // the one unused for longest first
	open int     // idle or in use
}

// request prepares what send takes. Requests have no body, so one can be sent
// many times, at once too.
func (c *client) request(path string) (*http.Request, error) {
	request, err := http.NewRequest(http.MethodGet, "http://load"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", path, err)
	}
	if c.config.Network != "unix" {
		request.Host = c.config.Address
	}
	request.Close = c.config.Mode == NewConnection
	return request, nil
}

// send gets a complete response with a 2xx status, or an error.
func (c *client) send(ctx context.Context, request *http.Request) (answer, error) {
	via, err := c.take(ctx)
	if err != nil {
		return answer{}, err
	}
	uses, worker, idle := via.uses, via.worker, time.Since(via.idle)
	got, err := via.exchange(ctx, request)
	c.give(via, err == nil && !got.last)
	if err != nil && uses > 0 {
		return answer{}, fmt.Errorf("%w (use %d of a connection of worker %q, unused for %s)", err, uses+1, worker, idle.Round(time.Microsecond))
	}
	if err != nil {
		return answer{}, fmt.Errorf("%w (on a new connection)", err)
	}
	if got.status < 200 || got.status > 299 {
		return got, statusError(got.status)
	}
	return got, nil
}

// take returns an idle connection when enough are open, and a new one if not.
func (c *client) take(ctx context.Context) (*conn, error) {
	if reused := c.takeIdle(); reused != nil {
		return reused, nil
	}
	raw, err := c.config.Dial(ctx, c.config.Network, c.config.Address)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.open--
		return nil, fmt.Errorf("connect: %w", err)
	}
	opened := &conn{Conn: raw, idle: time.Now()}
	opened.reader = bufio.NewReader(opened)
	return opened, nil
}

// takeIdle returns nil, and counts one more open connection, if the caller has
// to make a new one.
func (c *client) takeIdle() *conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.idle) > 0 && time.Since(c.idle[0].idle) > c.config.MaxIdle {
		_ = c.idle[0].Close()
		c.idle = c.idle[1:]
		c.open--
	}
	if len(c.idle) == 0 || c.open < c.config.Conns {
		c.open++
		return nil
	}
	oldest := c.idle[0]
	c.idle = c.idle[1:]
	return oldest
}

// give takes back a connection that send is done with.
func (c *client) give(used *conn, usable bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !usable || c.config.Mode == NewConnection || c.open > c.config.Conns {
		_ = used.Close()
		c.open--
		return
	}
	used.idle = time.Now()
	c.idle = append(c.idle, used)
}

// close ends the idle connections, when no request is in flight.
func (c *client) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, idle := range c.idle {
		_ = idle.Close()
	}
	c.idle = nil
}
