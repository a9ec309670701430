package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// Kind says in which way a request failed.
type Kind string

const (
	Refused   Kind = "refused"   // nobody listens
	Reset     Kind = "reset"     // the server cut the connection (RST)
	EOF       Kind = "eof"       // the server closed it before the response was whole
	Timeout   Kind = "timeout"   // no whole response in time
	Status5xx Kind = "status5xx" // a whole response, with such a status
	Other     Kind = "other"     // another status, not HTTP, another error
)

// Kinds are all of them, in the order of reports.
var Kinds = []Kind{Refused, Reset, EOF, Timeout, Status5xx, Other}

// statusError is a complete response that is no success.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("status %d, wanted 2xx", int(s)) }

func kindOf(err error) Kind {
	var status statusError
	var timeout net.Error
	switch {
	case errors.As(err, &status) && status >= 500:
		return Status5xx
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	// EPIPE is how a write meets the reset that an earlier write caused.
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Reset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return EOF
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	default:
		return Other
	}
}
