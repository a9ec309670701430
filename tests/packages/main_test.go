// Package packages builds what others get, the source tarball and every package,
// and uses it as they do: on clean Debian systems with a systemd of their own.
package packages

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// work is a directory for everything that is built.
var work string

func TestMain(m *testing.M) {
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "clusterctl-packages-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	work = dir
	return m.Run()
}

// command runs a program in a directory and returns what it printed.
func command(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{name}, args...), " "), err, tail(out))
	}
	return string(out), err
}

func tail(out []byte) []byte { return out[max(0, len(out)-4000):] }

// run is command for a test that can't go on without it.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, err := command(dir, env, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// copyOfRepository is the repository in another place, with git's own directory
// and without what was built.
func copyOfRepository(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	_, err := command(stage.Root(), nil, "sh", "-c", `tar --exclude=./bin --exclude=./dist -cf - . | tar -C "$0" -xf -`, dir)
	return err
}

// tarball is the source tarball, made in a copy of the repository.
var tarball = sync.OnceValues(func() (string, error) {
	repository := filepath.Join(work, "repository")
	if err := copyOfRepository(repository); err != nil {
		return "", err
	}
	return dist(repository, nil)
})

func dist(repository string, env []string) (string, error) {
	if _, err := command(repository, env, "make", "dist"); err != nil {
		return "", err
	}
	return theOne(filepath.Join(repository, "dist/clusterctl-*.tar.gz"))
}

// unpack makes a tree of the tarball's below a directory.
func unpack(tarball, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if _, err := command(dir, nil, "tar", "-xf", tarball); err != nil {
		return "", err
	}
	return theOne(filepath.Join(dir, "clusterctl-*/"))
}

// theOne is the only path that matches.
func theOne(pattern string) (string, error) {
	paths, err := filepath.Glob(pattern)
	if err == nil && len(paths) != 1 {
		err = fmt.Errorf("%s: wanted one, found %q", pattern, paths)
	}
	if err != nil {
		return "", err
	}
	return paths[0], nil
}

// offline runs a program where there is no network, so that a build that asks for
// one fails.
func offline(dir string, env []string, name string, args ...string) (string, error) {
	return command(dir, env, "unshare", append([]string{"--net", "--", name}, args...)...)
}
