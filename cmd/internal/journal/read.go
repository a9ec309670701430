package journal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// ErrMissing is returned where there is no journalctl.
var ErrMissing = errors.New("journalctl is missing: it belongs to systemd")

// Read hands over the entries of a query in the order of the journal, each with
// its line of JSON, until there are no more, each returns an error or the context
// ends. A query that follows ends with the context, and that is no error.
func Read(ctx context.Context, q Query, each func(line []byte, e Entry) error) error {
	cmd := exec.CommandContext(ctx, "journalctl", q.args()...)
	var said bytes.Buffer
	cmd.Stderr = &said
	// journalctl has a file open and nothing to lose, but may be asked kindly.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	// A Ctrl-C goes to the whole group of a terminal: ours is to say when it ends.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) {
		return ErrMissing
	} else if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	readErr := eachLine(out, each)
	if readErr != nil {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it ends by our signal
		return readErr
	}
	if err := cmd.Wait(); err != nil && ctx.Err() == nil {
		return failed(err, said.String())
	}
	if q.Follow {
		return nil
	}
	return ctx.Err()
}

func eachLine(r io.Reader, each func([]byte, Entry) error) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil //nolint:nilerr // the end, or a line that was cut by it
		}
		entry, err := Decode(line)
		if err != nil {
			return err
		}
		if err := each(line, entry); err != nil {
			return err
		}
	}
}

// failed is what journalctl said about its end.
func failed(err error, said string) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strings.TrimSpace(said) == "" {
		return fmt.Errorf("read the journal: journalctl: %w", err)
	}
	last := said
	for line := range strings.Lines(said) {
		last = strings.TrimSpace(line)
	}
	if strings.Contains(said, "insufficient permissions") || strings.Contains(said, "Permission denied") {
		return fmt.Errorf("read the journal: %w: %s", syscall.EACCES, last)
	}
	return fmt.Errorf("read the journal: %s", last)
}
