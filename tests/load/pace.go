package load

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pace ticks at a fixed rate. The kernel counts the ticks, so those that a busy
// machine let pass are handed out late and never lost. Go's own timers wake a
// millisecond late, which would be most of what we measure.
type pace struct {
	timer    *os.File
	start    time.Time
	interval time.Duration
	ticks    int64
}

func newPace(rate int) (*pace, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create a timer: %w", err)
	}
	interval := time.Second / time.Duration(rate)
	each := unix.NsecToTimespec(interval.Nanoseconds())
	start := time.Now()
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: each, Value: each}, nil); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("set a timer of %s: %w", interval, err)
	}
	return &pace{timer: os.NewFile(uintptr(fd), "timerfd"), start: start, interval: interval}, nil
}

// wait returns the times that have come due since the last call, at least one.
// It fails once the pace is stopped.
func (p *pace) wait() ([]time.Time, error) {
	var count [8]byte
	if _, err := io.ReadFull(p.timer, count[:]); err != nil {
		return nil, fmt.Errorf("wait for the next request's time: %w", err)
	}
	due := make([]time.Time, binary.NativeEndian.Uint64(count[:]))
	for i := range due {
		p.ticks++
		due[i] = p.start.Add(time.Duration(p.ticks) * p.interval)
	}
	return due, nil
}

// stop ends a wait that is going on, and every later one.
func (p *pace) stop() { _ = p.timer.Close() }
