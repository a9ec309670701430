package activation

import (
	"context"
	"fmt"
	"log/slog"
	"net"
)

// Packets serves the datagram sockets of one name: UDP or Unix datagrams. All
// workers read from the same sockets, and the kernel gives each datagram to one.
type Packets struct {
	// Name is the FileDescriptorName= in the socket unit (systemd.socket(5)).
	Name string
	// Address is where to listen for UDP when the process was started by hand.
	Address string
	// Handle reads from a socket until ctx ends, which also wakes a waiting
	// ReadFrom with os.ErrDeadlineExceeded. It may still write then; what it
	// returns counts only if ctx has not ended. The socket is closed after it.
	Handle func(ctx context.Context, socket net.PacketConn) error

	logger   *slog.Logger
	sockets  []net.PacketConn
	life     lifeline
	drain    context.Context
	endDrain context.CancelFunc
}

func (p *Packets) SocketName() string { return p.Name }

func (p *Packets) Open(sockets *Sockets, logger *slog.Logger) error {
	opened, err := p.open(sockets)
	if err != nil {
		return err
	}
	p.logger = logger
	p.sockets = opened
	p.drain, p.endDrain = context.WithCancel(context.Background())
	return nil
}

func (p *Packets) open(sockets *Sockets) ([]net.PacketConn, error) {
	if sockets.Supervised() {
		return sockets.PacketConns(p.Name)
	}
	if p.Address == "" {
		return nil, fmt.Errorf("service %q: not started by systemd, and no Address to listen on", p.Name)
	}
	socket, err := net.ListenPacket("udp", p.Address)
	if err != nil {
		return nil, fmt.Errorf("service %q: %w", p.Name, err)
	}
	return []net.PacketConn{socket}, nil
}

func (p *Packets) Serve() error {
	if !p.life.begin(len(p.sockets)) {
		return nil
	}
	failed := make(chan error, len(p.sockets))
	for _, socket := range p.sockets {
		p.logger.Info("listening", "service", p.Name, "address", socket.LocalAddr().String())
		go func() {
			defer p.life.end()
			err := p.Handle(p.drain, socket)
			if p.drain.Err() != nil {
				err = nil
			}
			failed <- err
		}()
	}
	return firstFailure(p.Name, failed, len(p.sockets))
}

// Drain wakes the handlers. A deadline is of this process alone, so the others
// go on reading; datagrams that nobody read stay in the socket for them.
func (p *Packets) Drain(ctx context.Context) error {
	p.life.stop()
	p.endDrain()
	for _, socket := range p.sockets {
		_ = socket.SetReadDeadline(longAgo)
		defer socket.Close()
	}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		p.life.serving.Wait()
	}()
	if !waitFor(ctx, finished) {
		return fmt.Errorf("service %q: drain reached its limit, its handler still reads", p.Name)
	}
	return nil
}

// Stats is empty: what a datagram means, only the handler knows.
func (p *Packets) Stats() Stats { return Stats{} }
