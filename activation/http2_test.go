package activation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
)

var errRetried = errors.New("request was sent, and would have to be sent again")

func http2Client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// post never sends a request twice: net/http's client may choose another
// connection only as long as nothing was written to the first.
func post(ctx context.Context, client *http.Client, url string) error {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("body"))
	if err != nil {
		return err
	}
	request.GetBody = func() (io.ReadCloser, error) {
		if sent.Load() {
			return nil, errRetried
		}
		return io.NopCloser(strings.NewReader("body")), nil
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("receive body: %w", err)
	}
	if string(body) != "4 bytes\n" {
		return fmt.Errorf("status %s: %s", answer.Status, body)
	}
	return nil
}

// An idle HTTP/2 connection is told by GOAWAY, not by a mere close.
func TestDrain_IdleHTTP2(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("serve")
	worker.waitFor("READY=1")
	client := http2Client(t)
	if err := post(t.Context(), client, "http://"+systemd.address()+"/"); err != nil {
		t.Fatal(err)
	}
	next := systemd.start("serve")
	next.waitFor("READY=1")
	worker.terminate()
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
	if err := post(t.Context(), client, "http://"+systemd.address()+"/"); err != nil {
		t.Errorf("after the drain: %v", err)
	}
}

// Many streams on a few HTTP/2 connections.
func TestDrain_HTTP2UnderLoad(t *testing.T) {
	rollUnderLoad(t, "serve", func(address string) []request {
		var clients []request
		for range 4 {
			client := http2Client(t)
			for range 16 {
				clients = append(clients, func(ctx context.Context, path string) error {
					return post(ctx, client, "http://"+address+path)
				})
			}
		}
		return clients
	})
}

func fetch(ctx context.Context, client *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}
