package activation

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// As much of RFC 6455 as two ends need that send short messages.
const (
	opText  = 0x1
	opClose = 0x8

	goingAway = 1001 // the code of a server that goes down
)

func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// writeFrame masks the payload if it is a client's, as section 5.3 wants it.
func writeFrame(w io.Writer, opcode byte, payload []byte, isClient bool) error {
	frame := []byte{0x80 | opcode, byte(len(payload))}
	if isClient {
		var mask [4]byte
		_, _ = rand.Read(mask[:])
		frame[1] |= 0x80
		frame = append(frame, mask[:]...)
		for i, b := range payload {
			frame = append(frame, b^mask[i%4])
		}
	} else {
		frame = append(frame, payload...)
	}
	_, err := w.Write(frame)
	return err
}

func readFrame(r io.Reader) (opcode byte, payload []byte, err error) {
	var header [2]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, nil, err
	}
	length, masked := header[1]&0x7f, header[1]&0x80 != 0
	if header[0]&0x80 == 0 || length > 125 {
		return 0, nil, errors.New("websocket: a message in parts, or a long one")
	}
	var mask [4]byte
	if masked {
		if _, err := io.ReadFull(r, mask[:]); err != nil {
			return 0, nil, err
		}
	}
	payload = make([]byte, length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return header[0] & 0x0f, payload, nil
}

// serveWebSocket sends each message back. In a drain it says Close with the code
// "going away", and goes on until the client answers that (section 7.1.2).
func serveWebSocket(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	if r.Header.Get("Upgrade") != "websocket" || key == "" {
		http.Error(w, "a websocket is wanted", http.StatusUpgradeRequired)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	var writing sync.Mutex
	send := func(opcode byte, payload []byte) {
		writing.Lock()
		defer writing.Unlock()
		_ = writeFrame(conn, opcode, payload, false)
	}
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", acceptKey(key))
	ended := make(chan struct{})
	var farewell sync.WaitGroup
	farewell.Go(func() {
		select {
		case <-Draining(r.Context()):
			send(opClose, binary.BigEndian.AppendUint16(nil, goingAway))
		case <-ended:
		}
	})
	for {
		opcode, payload, err := readFrame(buffered)
		if err != nil || opcode == opClose {
			break
		}
		send(opcode, payload)
	}
	close(ended)
	farewell.Wait()
}

// webSocket is a client that loses nothing if the server doesn't.
type webSocket struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
	count   int
}

// exchange sends a message and wants it back. A Close that comes before it is
// answered after it, and the next message takes another connection.
func (s *webSocket) exchange(context.Context) error {
	if s.conn == nil {
		if err := s.dial(); err != nil {
			return err
		}
	}
	_ = s.conn.SetDeadline(time.Now().Add(patience))
	s.count++
	message := fmt.Sprintf("message %d", s.count)
	if err := writeFrame(s.conn, opText, []byte(message), true); err != nil {
		return fmt.Errorf("websocket: %w", err)
	}
	leaving := false
	for {
		opcode, payload, err := readFrame(s.reader)
		switch {
		case err != nil:
			return fmt.Errorf("websocket: wanted %q back: %w", message, err)
		case opcode == opClose && binary.BigEndian.Uint16(payload) == goingAway:
			leaving = true
			continue
		case opcode != opText || string(payload) != message:
			return fmt.Errorf("websocket: wanted %q back, got opcode %d %q", message, opcode, payload)
		}
		if leaving {
			return s.sayGoodbye()
		}
		return nil
	}
}

func (s *webSocket) sayGoodbye() error {
	if err := writeFrame(s.conn, opClose, binary.BigEndian.AppendUint16(nil, goingAway), true); err != nil {
		return fmt.Errorf("websocket: goodbye: %w", err)
	}
	if _, err := s.reader.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("websocket: after the goodbye: wanted the end, got %w", err)
	}
	s.close()
	return nil
}

func (s *webSocket) dial() error {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	s.conn, s.reader = conn, bufio.NewReader(conn)
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	fmt.Fprintf(conn, "GET /socket HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n", key)
	answer, err := http.ReadResponse(s.reader, nil)
	if err != nil {
		return fmt.Errorf("websocket: %w", err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols || answer.Header.Get("Sec-WebSocket-Accept") != acceptKey(key) {
		return fmt.Errorf("websocket: got %s %v", answer.Status, answer.Header)
	}
	return nil
}

func (s *webSocket) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}
