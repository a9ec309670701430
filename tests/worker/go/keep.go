package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/clusterctl/clusterctl/activation"
)

// keeper keeps a file, a listener of the worker's own and live connections over
// restarts, in the descriptor store of systemd.
type keeper struct {
	starts   int // counted in the file
	listener net.Listener
}

func restore() (*keeper, error) {
	sockets, err := activation.Inherit()
	if err != nil {
		return nil, err
	}
	k := &keeper{}
	if err := k.count(sockets.Restore("starts")); err != nil {
		return nil, err
	}
	if err := k.listen(sockets.Restore("listener")); err != nil {
		return nil, err
	}
	return k, k.greet(sockets.Restore("client"))
}

// count adds one byte to a file without a name for each start.
func (k *keeper) count(kept []*os.File) error {
	file, err := oneOf(kept, func() (*os.File, error) {
		file, err := os.CreateTemp("", "starts")
		if err != nil {
			return nil, err
		}
		return file, os.Remove(file.Name())
	}, "starts")
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write([]byte("x")); err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	k.starts = int(size)
	return err
}

func (k *keeper) listen(kept []*os.File) error {
	file, err := oneOf(kept, func() (*os.File, error) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		return listener.(*net.TCPListener).File()
	}, "listener")
	if err != nil {
		return err
	}
	defer file.Close()
	if k.listener, err = net.FileListener(file); err != nil {
		return err
	}
	go k.serve()
	return nil
}

// oneOf is what was kept, or something new that is kept from now on.
func oneOf(kept []*os.File, create func() (*os.File, error), name string) (*os.File, error) {
	if len(kept) > 0 {
		return kept[0], nil
	}
	file, err := create()
	if err != nil {
		return nil, err
	}
	return file, activation.Store(context.Background(), name, file)
}

func (k *keeper) serve() {
	for {
		conn, err := k.listener.Accept()
		if err != nil {
			return
		}
		fmt.Fprintln(conn, "start", k.starts)
		conn.Close()
	}
}

// greet tells the clients who were kept, and keeps them no longer.
func (k *keeper) greet(kept []*os.File) error {
	for _, file := range kept {
		if _, err := fmt.Fprintln(file, "start", k.starts); err != nil {
			return err
		}
		file.Close()
	}
	if len(kept) == 0 {
		return nil
	}
	return activation.Unstore(context.Background(), "client")
}

func (k *keeper) apply(worker *activation.Worker) {
	server := worker.Services[0].(*activation.HTTP).Server
	next := server.Handler
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keep", k.keep)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Starts", strconv.Itoa(k.starts))
		w.Header().Set("X-Listener", k.listener.Addr().String())
		next.ServeHTTP(w, r)
	})
	server.Handler = mux
}

// keep takes the client's connection out of HTTP and hands it to the next start.
func (k *keeper) keep(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	file, err := conn.(interface{ NetConn() net.Conn }).NetConn().(*net.TCPConn).File()
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if err := activation.Store(r.Context(), "client", file); err != nil {
		panic(err)
	}
	fmt.Fprintln(conn, "kept")
}
