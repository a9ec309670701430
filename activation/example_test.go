package activation_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"time"

	"github.com/clusterctl/clusterctl/activation"
)

// The smallest whole worker.
func Example() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "hello")
	})
	worker := activation.Worker{
		Services: []activation.Service{
			&activation.HTTP{Name: "http", Server: &http.Server{Handler: handler}, Address: "127.0.0.1:0"},
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // as SIGTERM would, so that the example ends
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
}

// Nothing is accepted before the warm-up is done and the health check passes.
func ExampleWorker() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	databaseUp := false
	worker := activation.Worker{
		Services: []activation.Service{
			&activation.HTTP{Name: "http", Server: &http.Server{}, Address: "127.0.0.1:0"},
		},
		Warmup: []func(context.Context) error{
			func(context.Context) error { fmt.Println("caches filled"); return nil },
		},
		Health: func(context.Context) error {
			if !databaseUp {
				databaseUp = true
				fmt.Println("database is down")
				return errors.New("database is down")
			}
			fmt.Println("database is up")
			stop() // as SIGTERM would, so that the example ends
			return nil
		},
		DrainTimeout: time.Minute,
		Logger:       slog.New(slog.DiscardHandler),
	}
	fmt.Println(worker.Run(ctx))
	// Output:
	// caches filled
	// database is down
	// database is up
	// <nil>
}

// A handler that waits for news ends early when the worker drains, instead of
// holding it up to DrainTimeout.
func ExampleDraining() {
	news := make(chan string)
	handler := func(w http.ResponseWriter, r *http.Request) {
		select {
		case item := <-news:
			fmt.Fprintln(w, item)
		case <-activation.Draining(r.Context()):
			w.WriteHeader(http.StatusNoContent) // the client asks again, and gets another worker
		case <-r.Context().Done():
		}
	}
	_ = &activation.HTTP{Name: "http", Server: &http.Server{Handler: http.HandlerFunc(handler)}}
	// Output:
}
