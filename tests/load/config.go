package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Mode says how requests share connections.
type Mode string

const (
	// KeepAlive reuses a fixed number of connections (the default).
	KeepAlive Mode = "keep-alive"
	// NewConnection opens a connection for each request and asks the server to
	// close it.
	NewConnection Mode = "new-connection"
)

// The values of a Config's fields that are left zero.
const (
	DefaultTimeout  = 10 * time.Second
	DefaultMaxConns = 256
	DefaultMaxIdle  = 500 * time.Millisecond
)

// DialFunc opens a connection, as [net.Dialer.DialContext] does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Config says what to send where. Network, Address and Rate have no default.
type Config struct {
	// Dial opens connections, for instance inside a network namespace; nil
	// means net.Dialer.
	Dial DialFunc
	// Network and Address are the server's, as net.Dial takes them: "tcp" or
	// "unix".
	Network, Address string
	// Path of the request; "/" if empty.
	Path string
	Mode Mode
	// Rate is in requests per second.
	Rate int
	// Timeout of one request, from the time it is due to the last byte of its
	// response.
	Timeout time.Duration
	// MaxConns bounds the requests in flight. One that finds no room waits, and
	// fails as a Timeout if none comes free.
	MaxConns int
	// Conns is the number of connections that KeepAlive holds open. Zero means
	// Rate/10: each is used ten times a second.
	Conns int
	// MaxIdle is how long KeepAlive leaves a connection unused and still trusts
	// it. Clients close idle connections, and servers may after a notice that a
	// client without a request can't see; keep it below the server's grace.
	MaxIdle time.Duration
	// SlowShare is the share of requests, 0 to 1, that ask for SlowPath. They
	// are counted like the others and left out of the percentiles.
	SlowShare float64
	SlowPath  string
}

// complete checks c and fills in the defaults.
func (c Config) complete() (Config, error) {
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Path == "" {
		c.Path = "/"
	}
	if c.Mode == "" {
		c.Mode = KeepAlive
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.MaxConns == 0 {
		c.MaxConns = DefaultMaxConns
	}
	if c.MaxIdle == 0 {
		c.MaxIdle = DefaultMaxIdle
	}
	if c.Conns == 0 {
		c.Conns = min(max(c.Rate/10, 1), c.MaxConns)
	}
	return c, c.validate()
}

func (c Config) validate() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Network == "" || c.Address == "" {
		refuse("network %q, address %q: wanted both", c.Network, c.Address)
	}
	if c.Mode != KeepAlive && c.Mode != NewConnection {
		refuse("mode %q: wanted %q or %q", c.Mode, KeepAlive, NewConnection)
	}
	if c.Rate < 1 || c.Rate > 100_000 {
		refuse("rate %d: wanted 1 to 100000 requests per second", c.Rate)
	}
	if c.Timeout < 0 || c.MaxIdle < 0 {
		refuse("timeout %s, max idle %s: wanted no negative time", c.Timeout, c.MaxIdle)
	}
	if c.Conns < 1 || c.Conns > c.MaxConns {
		refuse("conns %d: wanted 1 to MaxConns (%d)", c.Conns, c.MaxConns)
	}
	if c.SlowShare < 0 || c.SlowShare > 1 {
		refuse("slow share %g: wanted 0 to 1", c.SlowShare)
	}
	if !strings.HasPrefix(c.Path, "/") {
		refuse("path %q: wanted a leading /", c.Path)
	}
	if c.SlowShare > 0 && !strings.HasPrefix(c.SlowPath, "/") {
		refuse("slow path %q: wanted a leading /, for a slow share of %g", c.SlowPath, c.SlowShare)
	}
	return errors.Join(errs...)
}
