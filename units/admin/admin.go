// Package admin asks one worker on its own Unix socket: for its numbers, for
// its health, and to go out of service and back.
//
// Its invariant: a question ends. A worker that does not answer costs Wait and
// no more, and each question has a connection of its own, so that no answer is
// of an earlier start of the worker.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Wait is how long a worker has for its answer.
const Wait = 2 * time.Second

// longest is how much of an answer is read, in bytes.
const longest = 1 << 20

// ErrNobody says that nobody listens on the worker's socket: it is down, or it
// is no worker with the library.
var ErrNobody = errors.New("nobody answers on the admin socket")

// AnswerError is an answer other than "done".
type AnswerError struct {
	Status int // 403: not for this user; 409: not in this state; 503: not healthy
	Text   string
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, http.StatusText(e.Status), e.Text)
}

// Client asks the workers of one cluster. Dir has their sockets, each named
// after its instance: "/run/web" for /run/web/3.sock.
type Client struct{ Dir string }

// Path is where the socket of a worker is.
func (c Client) Path(instance string) string { return filepath.Join(c.Dir, instance+".sock") }

// Health is nil if the worker says that it is healthy, and an AnswerError with
// its words if it says that it is not.
func (c Client) Health(ctx context.Context, instance string) error {
	_, err := c.ask(ctx, http.MethodGet, instance, "/healthz")
	return err
}

// Drain takes the worker out of service: it accepts nothing more, lets its
// clients go, and stays alive.
func (c Client) Drain(ctx context.Context, instance string) error {
	_, err := c.ask(ctx, http.MethodPost, instance, "/drain")
	return err
}

// Undrain puts it back.
func (c Client) Undrain(ctx context.Context, instance string) error {
	_, err := c.ask(ctx, http.MethodPost, instance, "/undrain")
	return err
}

// Stats are the numbers of the worker.
func (c Client) Stats(ctx context.Context, instance string) (Stats, error) {
	body, err := c.ask(ctx, http.MethodGet, instance, "/stats")
	if err != nil {
		return Stats{}, err
	}
	var stats Stats
	if err := json.Unmarshal(body, &stats); err != nil {
		return Stats{}, fmt.Errorf("%s: /stats: %w", c.Path(instance), err)
	}
	return stats, nil
}

func (c Client) ask(ctx context.Context, method, instance, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, Wait, fmt.Errorf("no answer in %s", Wait))
	defer cancel()
	client := http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", c.Path(instance))
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://admin"+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "clusterctl")
	response, err := client.Do(request)
	if err != nil {
		return nil, c.explain(ctx, instance, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, longest))
	if err != nil {
		return nil, c.explain(ctx, instance, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, &AnswerError{Status: response.StatusCode, Text: strings.TrimSpace(string(body))}
	}
	return body, nil
}

func (c Client) explain(ctx context.Context, instance string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w (%s)", ErrNobody, c.Path(instance))
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("%s: %w", c.Path(instance), err)
}
