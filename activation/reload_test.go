package activation

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// reloadScenario serves TLS with the certificate in the directory CERTIFICATES.
func reloadScenario() error {
	certificate := &Certificate{
		CertFile: filepath.Join(os.Getenv("CERTIFICATES"), "cert.pem"),
		KeyFile:  filepath.Join(os.Getenv("CERTIFICATES"), "key.pem"),
	}
	worker := testWorker(&http.Server{Handler: testHandler(), TLSConfig: &tls.Config{GetCertificate: certificate.Get}})
	worker.Warmup = []func(context.Context) error{certificate.Load}
	worker.Reload = []func(context.Context) error{certificate.Load}
	return worker.Run(context.Background())
}

func TestReload_Certificate(t *testing.T) {
	directory := t.TempDir()
	writeCertificate(t, directory)
	systemd := newManager(t)
	worker := systemd.start("reload", "CERTIFICATES="+directory)
	worker.waitFor("READY=1")
	kept := dialTLS(t, systemd.address())
	first := kept.ConnectionState().PeerCertificates[0]

	writeCertificate(t, directory)
	worker.hangUp()
	if message := worker.waitFor("RELOADING=1"); !strings.Contains(message, "\nMONOTONIC_USEC=") {
		t.Errorf("wanted MONOTONIC_USEC, got %q", message)
	}
	worker.waitFor("READY=1\nSTATUS=serving")
	second := dialTLS(t, systemd.address()).ConnectionState().PeerCertificates[0]
	if second.Equal(first) {
		t.Error("wanted the new certificate, got the old one")
	}

	if err := os.WriteFile(filepath.Join(directory, "cert.pem"), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	worker.hangUp()
	worker.waitFor("READY=1\nSTATUS=reload failed: certificate ")
	if third := dialTLS(t, systemd.address()).ConnectionState().PeerCertificates[0]; !third.Equal(second) {
		t.Error("after a failed reload: wanted the certificate before, got another")
	}
	if _, err := kept.Write([]byte("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")); err != nil {
		t.Error(err)
	}
	worker.terminate()
	if code, log := worker.wait(); code != 0 {
		t.Errorf("exit: wanted 0, got %d\n%s", code, log)
	}
}

func (c *child) hangUp() {
	c.t.Helper()
	if err := c.command.Process.Signal(syscall.SIGHUP); err != nil {
		c.t.Fatal(err)
	}
}

func dialTLS(t *testing.T, address string) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func writeCertificate(t *testing.T, directory string) {
	t.Helper()
	certificate, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(directory, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
