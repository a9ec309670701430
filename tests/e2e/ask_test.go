package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// askWorker asks one worker on its admin socket, and wants 200.
func askWorker(t *testing.T, web *stage.Cluster, instance, method, path string) string {
	t.Helper()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return web.Dial(ctx, "unix", "/run/"+web.Name+"/"+instance+".sock")
		},
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://admin"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s of worker %s: %s: %s (%v)", method, path, instance, answer.Status, body, err)
	}
	return strings.TrimSpace(string(body))
}
