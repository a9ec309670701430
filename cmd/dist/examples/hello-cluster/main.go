// Command hello-cluster is the worker of the example package: a web service that
// says which worker answers, and which version of the package it runs.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/clusterctl/clusterctl/activation"
)

// version is that of the package: -ldflags "-X main.version=1.0".
var version = "devel"

func main() {
	log.SetFlags(0) // the journal has its own times
	instance := "0"
	if len(os.Args) > 1 {
		instance = os.Args[1]
	}
	hello := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Worker", instance)
		w.Header().Set("X-Release", version)
		fmt.Fprintf(w, "hello from worker %s, version %s\n", instance, version)
	}
	worker := activation.Worker{
		Services: []activation.Service{
			&activation.HTTP{Name: "http", Server: &http.Server{Handler: http.HandlerFunc(hello)}, Address: "127.0.0.1:8000"},
		},
	}
	if err := worker.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
