package activation

import (
	"context"
	"net"
	"net/http"
	"os"
	"syscall"
)

type peerKey struct{}

// rememberPeer keeps the user at the other end of a Unix socket, as of its
// connect (unix(7), SO_PEERCRED).
func rememberPeer(ctx context.Context, accepted net.Conn) context.Context {
	uid, err := peerUID(accepted)
	if err != nil {
		return ctx // nobody, who may do nothing
	}
	return context.WithValue(ctx, peerKey{}, uid)
}

func peerUID(accepted net.Conn) (uint32, error) {
	socket, ok := accepted.(syscall.Conn)
	if !ok {
		return 0, syscall.ENOTSOCK
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	var credentials *syscall.Ucred
	var optionErr error
	err = raw.Control(func(fd uintptr) {
		credentials, optionErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err != nil {
		return 0, err
	}
	if optionErr != nil {
		return 0, optionErr
	}
	return credentials.Uid, nil
}

// ownersOnly lets root and the worker's own user through.
func ownersOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		uid, ok := r.Context().Value(peerKey{}).(uint32)
		if !ok || !mayControl(uid, os.Geteuid()) {
			http.Error(w, "only root and the worker's own user may do this", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func mayControl(peer uint32, own int) bool { return peer == 0 || int(peer) == own }
