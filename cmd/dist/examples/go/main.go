// Command go is the smallest whole worker in Go, and says who answered.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/clusterctl/clusterctl/activation"
)

// release is written in by the build: -ldflags "-X main.release=v1".
var release = "unknown"

func main() {
	hello := func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "hello from worker %s, release %s\n", os.Getenv("WORKER"), release)
	}
	worker := activation.Worker{
		Services: []activation.Service{
			&activation.HTTP{Name: "http", Server: &http.Server{Handler: http.HandlerFunc(hello)}, Address: "127.0.0.1:8080"},
		},
	}
	if err := worker.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
