package activation_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"sync"
	"time"

	"github.com/clusterctl/clusterctl/activation"
)

// runFor stands for the life of a worker in the examples below: it ends at once,
// as SIGTERM would end it.
func runFor(services ...activation.Service) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	worker := activation.Worker{Services: services, Logger: slog.New(slog.DiscardHandler)}
	fmt.Println(worker.Run(ctx))
}

// HTTP/1 and HTTP/2 without TLS on one socket, for a proxy that speaks h2c.
func ExampleHTTP_h2c() {
	server := &http.Server{Handler: http.NotFoundHandler(), Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	runFor(&activation.HTTP{Name: "http", Server: server, Address: "127.0.0.1:0"})
	// Output: <nil>
}

// Certificate is loaded before READY=1, and again on systemctl reload: a new one
// needs no restart.
func ExampleCertificate() {
	certificate := &activation.Certificate{CertFile: "/etc/web/cert.pem", KeyFile: "/etc/web/key.pem"}
	server := &http.Server{TLSConfig: &tls.Config{GetCertificate: certificate.Get}}
	_ = activation.Worker{
		Services: []activation.Service{&activation.HTTP{Name: "https", Server: server}},
		Warmup:   []func(context.Context) error{certificate.Load},
		Reload:   []func(context.Context) error{certificate.Load},
	}
	// Output:
}

// grpcServer has the methods of grpc.Server that matter here.
type grpcServer interface {
	Serve(net.Listener) error
	GracefulStop()
	Stop()
}

// graceful makes a grpc.Server an activation.Acceptor.
type graceful struct{ grpcServer }

func (s graceful) Shutdown(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.Stop)
	defer stop()
	s.GracefulStop()
	return ctx.Err()
}

// A server with an accept loop of its own. With gRPC, New is
//
//	func() activation.Acceptor {
//		server := grpc.NewServer()
//		pb.RegisterGreeterServer(server, greeter)
//		return graceful{server}
//	}
func ExampleServer() {
	runFor(&activation.Server{
		Name:    "grpc",
		Address: "127.0.0.1:0",
		New:     func() activation.Acceptor { return graceful{newGRPCServer()} },
	})
	// Output: <nil>
}

// A protocol of one's own: the connection's ctx ends when the drain begins.
func ExampleStream() {
	runFor(&activation.Stream{
		Name:    "echo",
		Address: "127.0.0.1:0",
		Handle: func(ctx context.Context, conn net.Conn) {
			stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
			defer stop()
			_, _ = io.Copy(conn, conn)
		},
	})
	// Output: <nil>
}

// Each datagram goes to one of the workers.
func ExamplePackets() {
	runFor(&activation.Packets{
		Name:    "metrics",
		Address: "127.0.0.1:0",
		Handle: func(_ context.Context, socket net.PacketConn) error {
			buffer := make([]byte, 1500)
			for {
				if _, _, err := socket.ReadFrom(buffer); err != nil {
					return err // of the drain, if it is one
				}
			}
		},
	})
	// Output: <nil>
}

// The watchdog of systemd restarts a worker whose pool is used up for good.
func ExampleWorker_liveness() {
	pool := make(chan struct{}, 10)
	_ = activation.Worker{
		Services: []activation.Service{&activation.HTTP{Name: "http", Server: &http.Server{}}},
		Liveness: func(ctx context.Context) error {
			select {
			case pool <- struct{}{}:
				<-pool
				return nil
			case <-ctx.Done():
				return errors.New("pool is used up")
			}
		},
	}
	// Output:
}

// SIGHUP, or systemctl reload with Type=notify-reload.
func ExampleWorker_reload() {
	var settings sync.Map
	_ = activation.Worker{
		Services: []activation.Service{&activation.HTTP{Name: "http", Server: &http.Server{}}},
		Reload: []func(context.Context) error{func(context.Context) error {
			content, err := os.ReadFile("/etc/web/settings")
			if err != nil {
				return err // the worker goes on with what it had
			}
			settings.Store("text", content)
			return nil
		}},
	}
	// Output:
}

// Profiles on the admin socket, for root and the worker's own user.
func ExampleWorker_pprof() {
	_ = activation.Worker{
		Services: []activation.Service{&activation.HTTP{Name: "http", Server: &http.Server{}}},
		Admin: func(mux *http.ServeMux) {
			mux.HandleFunc("/debug/pprof/", pprof.Index)
			mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		},
	}
	// Output:
}

// A worker that leaves memory behind is replaced before it matters, and after
// three panics at the latest.
func ExampleRecycle() {
	_ = activation.Worker{
		Services: []activation.Service{&activation.HTTP{Name: "http", Server: &http.Server{}}},
		Recycle:  activation.Recycle{Panics: 3, Age: 24 * time.Hour, Memory: 1 << 30},
	}
	// Output:
}

// A program that has its own ways of serving can take the sockets alone.
func ExampleInherit() {
	sockets, err := activation.Inherit()
	if err != nil {
		log.Fatal(err) // descriptors of another process, or names that don't fit
	}
	if !sockets.Supervised() {
		fmt.Println("started by hand")
		return
	}
	listeners, err := sockets.Listeners("http")
	if err != nil {
		log.Fatal(err) // says which name was wanted, and which came
	}
	for _, listener := range listeners {
		go func() { log.Print(http.Serve(listener, nil)) }()
	}
	// Output: started by hand
}

// What is kept no longer has to be taken out of the store.
func ExampleUnstore() {
	err := activation.Unstore(context.Background(), "state")
	fmt.Println(errors.Is(err, activation.ErrNoStore)) // started by hand
	// Output: true
}

// A file without a name that outlives the process. Restore comes before Run,
// which closes what nobody took.
func ExampleStore() {
	sockets, err := activation.Inherit()
	if err != nil {
		log.Fatal(err)
	}
	if restored := sockets.Restore("state"); len(restored) > 0 {
		fmt.Println("started again")
		return
	}
	state, err := os.CreateTemp("", "state")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(state.Name())
	err = activation.Store(context.Background(), "state", state)
	fmt.Println(errors.Is(err, activation.ErrNoStore)) // started by hand
	// Output: true
}

// newGRPCServer stands for grpc.NewServer, as this package has no dependency on it.
func newGRPCServer() grpcServer { return &standIn{} }

type standIn struct{ http.Server }

func (s *standIn) GracefulStop() { _ = s.Shutdown(context.Background()) }
func (s *standIn) Stop()         { s.Close() }
