package sandbox

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

//go:embed boot.sh
var bootScript string

// machine is the process tree of one sandbox and what it holds on the host.
type machine struct {
	init   int           // the sandbox's PID 1
	dir    string        // the mount point; empty outside the namespace
	cgroup string        // the cgroup that is the sandbox's root
	done   chan struct{} // closed when all processes are gone
	exit   error         // valid after done
	output bytes.Buffer  // valid after done
}

// checkHost says what is missing to boot anything.
func checkHost() error {
	if os.Geteuid() != 0 {
		return errors.New("the sandbox needs root: run the tests with sudo -E")
	}
	for name, pkg := range map[string]string{"unshare": "util-linux", "nsenter": "util-linux", "mount": "mount", "ip": "iproute2"} {
		if err := need(name, pkg); err != nil {
			return err
		}
	}
	return nil
}

func need(name, pkg string) error {
	if _, err := exec.LookPath(name); err != nil {
		return fmt.Errorf("%s is missing: run apt-get install %s", name, pkg)
	}
	return nil
}

// startMachine starts systemd on an overlay of lower with the files of disk, up to
// a target.
func startMachine(ctx context.Context, lower, disk, target string) (_ *machine, err error) {
	m := &machine{done: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.remove())
		}
	}()
	parent, err := ownCgroup()
	if err != nil {
		return nil, err
	}
	sweep(os.TempDir(), os.Remove)
	sweep(parent, removeCgroup)
	name := fmt.Sprintf("%s%d-", namePrefix, os.Getpid())
	if m.dir, err = os.MkdirTemp("", name); err != nil {
		return nil, err
	}
	if m.cgroup, err = os.MkdirTemp(parent, name); err != nil {
		return nil, fmt.Errorf("make a cgroup (is %s writable? a container needs --privileged): %w", parent, err)
	}
	group, err := os.Open(m.cgroup)
	if err != nil {
		return nil, err
	}
	defer group.Close()

	cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "--cgroup", "--uts", "--ipc", "--net",
		"--kill-child", "/bin/sh", "-euc", bootScript, "boot", lower, m.dir, target, disk)
	cmd.Env = []string{"PATH=" + path}
	cmd.Stdout, cmd.Stderr = &m.output, &m.output
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid: true, Pdeathsig: syscall.SIGKILL,
		UseCgroupFD: true, CgroupFD: int(group.Fd()),
	}
	started := make(chan error)
	go func() {
		// Pdeathsig fires when the starting thread ends, so it is kept.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			m.exit = cmd.Wait()
			close(m.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	if err := m.findInit(ctx, cmd.Process.Pid); err != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-m.done
		return nil, fmt.Errorf("%w: %s", err, m.output.String())
	}
	// Only init may sit in the sandbox's root, or no controller can be enabled.
	_ = os.WriteFile(filepath.Join(parent, "cgroup.procs"), []byte(strconv.Itoa(cmd.Process.Pid)), 0)
	return m, nil
}

// findInit waits for systemd to take the place of the script, the only child of
// unshare: from then on the namespaces are complete.
func (m *machine) findInit(ctx context.Context, unshare int) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	children := fmt.Sprintf("/proc/%d/task/%d/children", unshare, unshare)
	for {
		data, err := os.ReadFile(children)
		if pid, convErr := strconv.Atoi(strings.TrimSpace(string(data))); convErr == nil {
			comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
			if strings.TrimSpace(string(comm)) == "systemd" {
				m.init = pid
				return nil
			}
		}
		select {
		case <-m.done:
			return fmt.Errorf("the boot script ended (%w)", m.exit)
		case <-ctx.Done():
			return fmt.Errorf("no init appeared: %w (%w)", ctx.Err(), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop kills the sandbox and returns when its processes are gone.
func (m *machine) stop() error {
	select {
	case <-m.done:
	default:
		if err := syscall.Kill(m.init, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		select {
		case <-m.done:
		case <-time.After(30 * time.Second):
			return fmt.Errorf("init %d does not end after SIGKILL", m.init)
		}
	}
	return m.remove()
}

// remove takes away the mount point and the cgroups.
func (m *machine) remove() error {
	var errs []error
	if m.dir != "" {
		errs = append(errs, os.Remove(m.dir))
	}
	if m.cgroup != "" {
		errs = append(errs, removeCgroup(m.cgroup))
	}
	return errors.Join(errs...)
}
