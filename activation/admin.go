package activation

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
)

// AdminSocket is the FileDescriptorName= of the worker's own Unix socket. A
// shared listener can't be asked about one worker; this one can.
const AdminSocket = "admin"

// admin serves HTTP on the worker's own socket:
//
//	GET /healthz  200 "ok", or 503 and the reason
//	GET /readyz   200 "ready", or 503 and the state
//	GET /stats    JSON: the state and the Stats of each service by name
//	POST /drain   go out of service: accept nothing, let the clients go, stay alive
//	POST /undrain go back into service
//
// What is only read is for whoever the mode of the socket lets in, so that who
// watches over workers needs no right to change them; all else is for root and
// the worker's own user. The contract in cmd/dist/doc/contract.md says it for
// workers in any language.
type admin struct {
	server *http.Server
	done   chan struct{}
}

// openAdmin returns nil if the unit passes no admin socket.
func openAdmin(sockets *Sockets, r *run) (*admin, error) {
	files := sockets.take(AdminSocket)
	if len(files) == 0 {
		return nil, nil
	}
	defer closeFiles(files)
	kind, err := kindOf(files[0])
	if err != nil {
		return nil, err
	}
	if kind != UnixListener {
		return nil, &WrongKindError{Name: AdminSocket, Wanted: UnixListener, Got: kind}
	}
	listener, err := net.FileListener(files[0])
	if err != nil {
		return nil, fmt.Errorf("socket %q: %w", AdminSocket, err)
	}
	a := &admin{
		server: &http.Server{Handler: r.adminHandler(), ConnContext: rememberPeer, ReadHeaderTimeout: HealthTimeout},
		done:   make(chan struct{}),
	}
	go func() {
		defer close(a.done)
		if err := a.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			r.failed <- fmt.Errorf("admin socket: %w", err)
		}
	}()
	return a, nil
}

func (a *admin) close() {
	if a == nil {
		return
	}
	_ = a.server.Close()
	<-a.done
}

func (r *run) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, request *http.Request) {
		if err := r.checkHealth(request.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !r.state.is(stateReady) {
			http.Error(w, r.stateWords(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(r.stats())
	})
	mux.Handle("POST /drain", ownersOnly(change(r.leaveService)))
	mux.Handle("POST /undrain", ownersOnly(change(r.enterService)))
	if r.Admin != nil {
		own := http.NewServeMux()
		r.Admin(own)
		mux.Handle("/", ownersOnly(own))
	}
	return mux
}

// change answers 409 if the state doesn't allow it.
func change(do func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := do(); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		fmt.Fprintln(w, "ok")
	})
}

type workerStats struct {
	State    string           `json:"state"`
	PID      int              `json:"pid"`
	Start    float64          `json:"start_time_seconds"`
	Services map[string]Stats `json:"services"`
}

func (r *run) stats() workerStats {
	all := workerStats{
		State:    r.stateWords(),
		PID:      os.Getpid(),
		Start:    float64(r.began.UnixMilli()) / 1000,
		Services: map[string]Stats{},
	}
	for _, service := range r.Services {
		all.Services[service.SocketName()] = service.Stats()
	}
	return all
}

func (r *run) stateWords() string { return r.state.words(r.total().Connections) }
