package activation

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A panic is answered with 500 on a connection that goes on, and an answer that
// has begun is broken off, so that no client takes a part for the whole.
func TestContain_Panic(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("serve")
	worker.waitFor("READY=1")
	for protocol, client := range map[string]*http.Client{"HTTP/1": {Timeout: patience}, "HTTP/2": http2Client(t)} {
		t.Run(protocol, func(t *testing.T) {
			defer client.CloseIdleConnections()
			url := "http://" + systemd.address()
			answer, err := client.Get(url + "/panic")
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusInternalServerError || string(body) != "Internal Server Error\n" {
				t.Errorf("wanted 500, got %s %q, %v", answer.Status, body, err)
			}
			if answer.Header.Get("X-Half-Done") != "" {
				t.Error("wanted no header of the handler, got X-Half-Done")
			}
			if got, err := fetch(t.Context(), client, url+"/panic?late=1"); err == nil {
				t.Errorf("begun answer: wanted it broken off, got %q", got)
			}
			if got, err := fetch(t.Context(), client, url+"/"); err != nil || got != "0 bytes\n" {
				t.Errorf("next request: wanted 0 bytes, got %q, %v", got, err)
			}
		})
	}
	if _, body := worker.ask("/stats"); !strings.Contains(body, `"panics":4`) {
		t.Errorf("/stats: wanted 4 panics, got %s", body)
	}
	worker.terminate()
	code, log := worker.wait()
	if code != 0 || !strings.Contains(log, "handler panicked") || !strings.Contains(log, "panicOnRequest") {
		t.Errorf("wanted exit 0 and the stack in the log, got %d\n%s", code, log)
	}
}

// Panics of some requests cost the others nothing, in drains as well.
func TestContain_PanicsUnderLoad(t *testing.T) {
	rollUnderLoad(t, "serve", func(address string) []request {
		var clients []request
		for number := range 16 {
			client := &rawClient{address: address}
			t.Cleanup(client.close)
			clients = append(clients, func(_ context.Context, path string) error {
				if number%4 != 0 {
					_, err := client.get(path)
					return err
				}
				if _, err := client.get("/panic"); err == nil || !strings.Contains(err.Error(), "status 500") {
					return err
				}
				return nil
			})
		}
		return clients
	})
}
