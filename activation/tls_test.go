package activation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
)

// secureScenario answers with what the handler knows of TLS.
func secureScenario() error {
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	handler := testHandler().(*http.ServeMux)
	handler.HandleFunc("/tls", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s over %s for %s", r.Proto, r.TLS.NegotiatedProtocol, r.TLS.ServerName)
	})
	server := &http.Server{Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	return runAndLookForLeaks(testWorker(server))
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"test"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func tlsClient(t *testing.T, protocol string) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "test"},
		Protocols:       new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(protocol == "http/1.1")
	transport.Protocols.SetHTTP2(protocol == "h2")
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

func TestHTTP_HandlerKnowsTLS(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("secure")
	worker.waitFor("READY=1")
	for protocol, want := range map[string]string{
		"http/1.1": "HTTP/1.1 over  for test", // this client offers no protocol
		"h2":       "HTTP/2.0 over h2 for test",
	} {
		if got, err := fetch(t.Context(), tlsClient(t, protocol), "https://"+systemd.address()+"/tls"); err != nil || got != want {
			t.Errorf("%s: wanted %q, got %q, %v", protocol, want, got, err)
		}
	}
}

// A plain request to a TLS port gets the answer that net/http would give.
func TestHTTP_PlainRequestToTLS(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("secure")
	worker.waitFor("READY=1")
	client := &rawClient{address: systemd.address()}
	if _, err := client.get("/"); err == nil || !strings.Contains(err.Error(), "400 Bad Request") {
		t.Errorf("wanted 400 Bad Request, got %v", err)
	}
}

// A browser's connection in advance, with its handshake done, holds a drain no
// longer than IdleGrace.
func TestDrain_TLSHandshakeOnly(t *testing.T) {
	systemd := newManager(t)
	worker := systemd.start("secure")
	worker.waitFor("READY=1")
	client, err := tls.Dial("tcp", systemd.address(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	worker.terminate()
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

func TestDrain_TLSUnderLoad(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			rollUnderLoad(t, "secure", func(address string) []request {
				var clients []request
				for range 4 {
					client := tlsClient(t, protocol)
					for range 8 {
						clients = append(clients, func(ctx context.Context, path string) error {
							return post(ctx, client, "https://"+address+path)
						})
					}
				}
				return clients
			})
		})
	}
}
