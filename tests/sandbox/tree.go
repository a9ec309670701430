package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// packages are those beside the base; debootstrap resolves no alternatives, so
// libpam-systemd, which polkitd wants, is named.
const packages = "systemd,dbus,systemd-sysv,iproute2,procps,libpam-systemd,polkitd"

// suites names the Debian suite that carries a version. 252 is no host: a clean
// tree, for what a host may hide.
var suites = map[string]string{"252": "bookworm", "257": "trixie", "262": "sid"}

var mirrorPattern = regexp.MustCompile(`(?m)^(?:URIs:|deb\s(?:\[[^]]*\]\s*)?)\s*(http://\S+/debian)/?(?:\s|$)`)

// tree returns the root file system that carries a version, and builds it when
// the cache has none.
func tree(ctx context.Context, version string) (string, error) {
	if version == "" || version == "host" {
		return "/", errors.Join(need("systemctl", "systemd"), need("busctl", "systemd"), need("dbus-daemon", "dbus"))
	}
	suite, ok := suites[version]
	if !ok {
		return "", fmt.Errorf("unknown version %q: one of %s", version, strings.Join(Versions(), ", "))
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, version+"-"+digest(suite))
	if exists(dir) {
		return dir, nil
	}
	if err := need("debootstrap", "debootstrap"); err != nil {
		return "", err
	}
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) {
		return dir, nil
	}
	return dir, build(ctx, suite, dir)
}

// digest tells trees apart that are made of other things: one whose recipe has
// changed is built anew.
func digest(suite string) string {
	sum := sha256.Sum256([]byte(suite + " " + packages))
	return hex.EncodeToString(sum[:4])
}

func cacheDir() (string, error) {
	dir := os.Getenv("CLUSTERCTL_SANDBOX_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("set CLUSTERCTL_SANDBOX_CACHE: %w", err)
		}
		dir = filepath.Join(user, "clusterctl-sandbox")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

func exists(dir string) bool {
	_, err := os.Stat(dir)
	return err == nil
}

// lock takes an exclusive lock on a file, which other processes may hold while
// they build.
func lock(ctx context.Context, name string) (func(), error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for another build of the tree: %w", ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// build makes a tree beside dir and renames it once it is complete.
func build(ctx context.Context, suite, dir string) error {
	temp, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".tmp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	// In namespaces an interrupted build leaves neither mounts nor processes.
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
		"debootstrap", "--variant=minbase", "--include="+packages, suite, temp, mirror())
	cmd.WaitDelay = 5 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("debootstrap %s (old keys? run apt-get install debian-archive-keyring): %w: %s", suite, err, tail(out, 2000))
	}
	return os.Rename(temp, dir)
}

// mirror is the Debian mirror of the host's apt sources, or the public one.
func mirror() string {
	var files []string
	for _, pattern := range []string{"/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list", "/etc/apt/sources.list.d/*.sources"} {
		found, _ := filepath.Glob(pattern)
		files = append(files, found...)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if m := mirrorPattern.FindSubmatch(data); m != nil {
			return string(m[1])
		}
	}
	return "http://deb.debian.org/debian"
}

func tail(b []byte, n int) string {
	return strings.TrimSpace(string(b[max(0, len(b)-n):]))
}
