package activation

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync/atomic"
)

// Certificate is a TLS certificate in two PEM files, that can be replaced while
// the worker serves. Give Load to Worker.Warmup and Worker.Reload, and Get to
// tls.Config.GetCertificate. Connections keep the one they began with.
type Certificate struct {
	CertFile string // the certificate, then its intermediates
	KeyFile  string

	current atomic.Pointer[tls.Certificate]
}

// Load reads both files. On an error the certificate before stays in use.
func (c *Certificate) Load(context.Context) error {
	loaded, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return fmt.Errorf("certificate %q: %w", c.CertFile, err)
	}
	c.current.Store(&loaded)
	return nil
}

// Get is a tls.Config.GetCertificate.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if current := c.current.Load(); current != nil {
		return current, nil
	}
	return nil, errors.New("certificate: asked for before it was loaded")
}
