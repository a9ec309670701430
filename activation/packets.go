package activation

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
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
	// returns counts only if ctx has not ended. The socket is closed after it in
	// a drain; when the worker goes back into service Handle is called anew.
	Handle func(ctx context.Context, socket net.PacketConn) error

	logger  *slog.Logger
	sockets []net.PacketConn
	life    lifeline
	period  period
	mu      sync.Mutex
	resumed chan struct{} // closed when a pause ends, for good or not; nil without one
}

func (p *Packets) SocketName() string { return p.Name }

func (p *Packets) Open(sockets *Sockets, logger *slog.Logger) error {
	opened, err := p.open(sockets)
	if err != nil {
		return err
	}
	p.logger = logger
	p.sockets = opened
	p.period.begin()
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
			failed <- p.serve(socket)
		}()
	}
	return firstFailure(p.Name, failed, len(p.sockets))
}

// serve calls Handle once for each time that the worker is in service.
func (p *Packets) serve(socket net.PacketConn) error {
	for {
		ctx := p.period.context()
		err := p.Handle(ctx, socket)
		if ctx.Err() == nil {
			return err
		}
		if resumed := p.pausing(); resumed != nil {
			<-resumed
		}
		if p.life.stopped() {
			return nil
		}
	}
}

func (p *Packets) pausing() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.resumed
}

// Pause wakes the handlers. A deadline is of this process alone, so the others
// go on reading; datagrams that nobody read stay in the socket for them.
func (p *Packets) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resumed = make(chan struct{})
	p.period.end()
	p.setDeadline(longAgo)
}

// Resume has them called again.
func (p *Packets) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setDeadline(time.Time{})
	p.period.begin()
	p.endPause()
}

func (p *Packets) endPause() {
	if p.resumed != nil {
		close(p.resumed)
		p.resumed = nil
	}
}

func (p *Packets) setDeadline(deadline time.Time) {
	for _, socket := range p.sockets {
		_ = socket.SetReadDeadline(deadline)
	}
}

func (p *Packets) stop() {
	p.life.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.period.end()
	p.setDeadline(longAgo)
	p.endPause()
}

func (p *Packets) Drain(ctx context.Context) error {
	p.stop()
	defer func() {
		for _, socket := range p.sockets {
			socket.Close()
		}
	}()
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
