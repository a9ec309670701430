package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"
)

// answer says who answered, after ?sleep=DURATION.
func answer(o options, bad string) http.Handler {
	pid := strconv.Itoa(os.Getpid())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if err := sleep(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Worker", o.instance)
		w.Header().Set("X-Release", o.release)
		w.Header().Set("X-Pid", pid)
		if bad == badError {
			http.Error(w, "failing, as told by --bad error", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "worker %s, release %s, process %s\n", o.instance, o.release, pid)
	})
	return mux
}

func sleep(r *http.Request) error {
	value := r.URL.Query().Get("sleep")
	if value == "" {
		return nil
	}
	delay, err := time.ParseDuration(value)
	if err != nil {
		return fmt.Errorf("sleep %q: %w", value, err)
	}
	select {
	case <-time.After(delay):
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}
