// Command licenses writes down what clusterctl is linked with and on which
// terms: the notices that go with every package, and debian/copyright, which
// covers the vendored modules of the source tarball too. A module whose licence
// it does not know is a fault: look at it, and teach the table below.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	copyright := flag.Bool("copyright", false, "write debian/copyright, of all that is vendored, and not the notices of what is linked in")
	list := flag.Bool("list", false, "list what is linked in with the names of its licences, and not the notices")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	write := writeNotices
	switch {
	case *copyright:
		write = writeCopyright
	case *list:
		write = writeList
	}
	if err := write(ctx, os.Stdout, "."); err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

// writeNotices writes the texts of all modules that the programs in root are
// linked with, and of Go itself.
func writeNotices(ctx context.Context, out io.Writer, root string) error {
	modules, err := linked(ctx, root)
	if err != nil {
		return err
	}
	return notices(out, append([]module{golang}, modules...))
}

// writeList writes a line for each module that the programs in root are linked
// with, and for Go itself.
func writeList(ctx context.Context, out io.Writer, root string) error {
	modules, err := linked(ctx, root)
	if err != nil {
		return err
	}
	return list(out, append([]module{golang}, modules...))
}

// writeCopyright writes debian/copyright for root and its vendored modules.
func writeCopyright(ctx context.Context, out io.Writer, root string) error {
	modules, err := vendored(ctx, root)
	if err != nil {
		return err
	}
	return copyright(out, modules)
}
