package activation

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"slices"
)

// secure takes TLS over from net/http, whose own would leave us below it, where
// neither a request's beginning nor HTTP/2's frames can be seen. net/http gets
// the plain bytes, and knows HTTP/2 by its preface.
func (h *HTTP) secure() {
	if h.Server.TLSConfig == nil {
		return
	}
	protocols := protocolsOf(h.Server)
	config := h.Server.TLSConfig.Clone()
	config.NextProtos = slices.Clone(config.NextProtos)
	offer := func(name string, wanted bool) {
		if wanted && !slices.Contains(config.NextProtos, name) {
			config.NextProtos = append(config.NextProtos, name)
		}
	}
	offer("h2", protocols.HTTP2())
	offer("http/1.1", protocols.HTTP1())
	protocols.SetUnencryptedHTTP2(protocols.HTTP2())
	h.Server.Protocols = &protocols
	h.tlsConfig = config
}

// protocolsOf gives net/http's default for a server that names none.
func protocolsOf(server *http.Server) http.Protocols {
	if server.Protocols != nil {
		return *server.Protocols
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(server.TLSNextProto == nil)
	return protocols
}

// answerPlainRequest says what net/http would say to a client that forgot TLS.
func answerPlainRequest(err error) {
	var header tls.RecordHeaderError
	if !errors.As(err, &header) || header.Conn == nil || !beginsRequest(header.RecordHeader) {
		return
	}
	_, _ = io.WriteString(header.Conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"+
		"Client sent an HTTP request to an HTTPS server.\n")
}

func beginsRequest(data [5]byte) bool {
	switch string(data[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	default:
		return false
	}
}
