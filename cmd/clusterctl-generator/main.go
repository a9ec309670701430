// Command clusterctl-generator makes systemd units of the .cluster files of this
// host, at boot and at each daemon-reload (systemd.generator(7)). Packages install
// it in /usr/lib/systemd/system-generators and in user-generators.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/clusterctl/clusterctl/generator"
)

// enoughMemory is what a generator may use before garbage is collected after all.
const enoughMemory = 128 << 20

func main() {
	debug.SetGCPercent(-1) // it is over before that would pay
	debug.SetMemoryLimit(enoughMemory)
	os.Exit(run(os.Args[1:], os.Getenv, journal()))
}

// run takes the directories that systemd gives: normal, early, late. Units go to
// the first: there they weigh more than those of the distribution, and less than
// those of the administrator.
func run(args []string, getenv func(string) string, log io.Writer) int {
	if len(args) != 1 && len(args) != 3 {
		fmt.Fprintf(log, "<3>clusterctl-generator: %d arguments: wanted NORMAL-DIR EARLY-DIR LATE-DIR, as systemd gives them\n", len(args))
		return 2
	}
	mode := generator.System
	if getenv("SYSTEMD_SCOPE") == string(generator.User) {
		mode = generator.User
	}
	boot := generator.Boot{
		Dir:     args[0],
		Path:    generator.SearchPath(mode, getenv),
		Native:  generator.NativeDirs(mode, getenv),
		CPUs:    runtime.NumCPU(),
		Options: generator.Options{Mode: mode},
	}
	if found, err := generator.Find(boot.Path); err == nil && len(found) == 0 {
		return 0 // the usual case: quickly out of the way of the boot
	}
	boot.Options.Systemd = generator.RunningSystemd(context.Background())
	faults := generator.Faults(boot.Run())
	for _, fault := range faults {
		fmt.Fprintf(log, "<3>clusterctl-generator: %s\n", fault)
	}
	if len(faults) > 0 {
		return 1
	}
	return 0
}

// journal is where a generator is heard: the kernel's log, for there is no other
// yet; stderr for a user.
func journal() io.Writer {
	kmsg, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		return os.Stderr
	}
	return kmsg
}
