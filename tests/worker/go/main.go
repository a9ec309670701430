// Command go is the sample Go worker of the end-to-end tests and the demo: an
// honest worker, unless told to misbehave.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/clusterctl/clusterctl/activation"
)

func main() {
	log.SetFlags(0) // the journal has its own times
	o := parseOptions(os.Args[1:])
	if o.stick != "" {
		if err := beBadClient(o.stick); err != nil {
			log.Fatal(err)
		}
		return
	}
	bad, err := o.misbehaviour()
	if err != nil {
		log.Fatal(err)
	}
	if bad == badExit {
		log.Fatal("exiting, as told by --bad exit")
	}
	worker := activation.Worker{
		Services: []activation.Service{
			&activation.HTTP{Name: "http", Server: &http.Server{Handler: answer(o, bad)}, Address: o.address},
		},
		Warmup: []func(context.Context) error{warmUp(o.warmup, bad)},
		Health: health(bad),
	}
	if bad == badCrash {
		time.AfterFunc(o.crashAfter, func() { log.Fatal("crashing, as told by --bad crash") })
	}
	if o.greetingFile != "" {
		(&supervised{file: o.greetingFile}).apply(&worker)
	}
	if o.keep {
		keeper, err := restore()
		if err != nil {
			log.Fatal(err)
		}
		keeper.apply(&worker)
	}
	if err := worker.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func parseOptions(arguments []string) options {
	o := options{}
	flags := flag.NewFlagSet("go", flag.ExitOnError)
	flags.StringVar(&o.instance, "instance", os.Getenv("WORKER_INSTANCE"), "`name` reported in the X-Worker header (%i)")
	flags.StringVar(&o.release, "release", os.Getenv("WORKER_RELEASE"), "`name` reported in the X-Release header")
	flags.StringVar(&o.address, "address", "127.0.0.1:8080", "where to listen without systemd")
	flags.DurationVar(&o.warmup, "warmup", 0, "delay before it is ready")
	flags.StringVar(&o.bad, "bad", os.Getenv("WORKER_BAD"), "misbehave: exit, never-ready, unhealthy, crash or error")
	flags.StringVar(&o.badFile, "bad-file", os.Getenv("WORKER_BAD_FILE"), "read --bad from this `file` if it exists")
	flags.DurationVar(&o.crashAfter, "crash-after", time.Second, "delay of --bad crash")
	flags.StringVar(&o.greetingFile, "supervised", "", "hang when told to, and read a greeting from this `file` at a reload")
	flags.StringVar(&o.stick, "stick", "", "be the client at `address` that a supervised worker is stuck with")
	flags.BoolVar(&o.keep, "keep", false, "keep a file, a listener and clients over restarts")
	_ = flags.Parse(arguments) // ExitOnError
	return o
}
