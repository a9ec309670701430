package release

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// churnVariable makes this binary add, switch and prune in the directory that
// it names, until it is killed.
const churnVariable = "RELEASE_TEST_CHURN"

func TestMain(m *testing.M) {
	unix.Umask(0o022)
	if dir := os.Getenv(churnVariable); dir != "" {
		fmt.Fprintln(os.Stderr, churn(Store{Dir: filepath.Join(dir, "store")}, filepath.Join(dir, "sources")))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func churn(store Store, sources string) error {
	for i := 0; ; i++ {
		name := fmt.Sprintf("v%d", i%churnReleases)
		add := func() error { _, err := store.Add(name, filepath.Join(sources, name)); return err }
		if i%2 == 1 {
			add = func() error { _, err := store.AddArchive(name, filepath.Join(sources, name+".tar"), ""); return err }
		}
		prune := func() error { _, err := store.Prune(1); return err }
		for _, step := range []func() error{add, func() error { return store.Switch("1", name) }, prune} {
			if err := step(); err != nil {
				return err
			}
		}
	}
}

const (
	churnReleases = 4
	kills         = 30
)

// Whenever a process is killed, what can be seen is whole: each kill comes right
// after another event in the store's directories.
func TestStore_IsWholeAfterEveryKill(t *testing.T) {
	dir := t.TempDir()
	store := Store{Dir: filepath.Join(dir, "store")}
	makeSources(t, filepath.Join(dir, "sources"))
	if _, err := store.Add("first", filepath.Join(dir, "sources", "v0")); err != nil {
		t.Fatal(err)
	}
	if err := store.Switch("1", "first"); err != nil {
		t.Fatal(err)
	}
	leftovers := 0
	for events := 1; events <= kills; events++ {
		killAfter(t, dir, store, events)
		if len(hidden(t, store)) > 0 {
			leftovers++
		}
		checkWhole(t, store)
		if t.Failed() {
			t.Fatalf("killed after %d events", events)
		}
	}
	if leftovers == 0 {
		t.Error("no kill came in the middle of anything")
	}
	if _, err := store.Add("last", filepath.Join(dir, "sources", "v1")); err != nil {
		t.Fatal(err)
	}
	if left := hidden(t, store); len(left) > 0 {
		t.Errorf("Add has not removed what was left behind: %q", left)
	}
	t.Logf("%d of %d kills left something behind", leftovers, kills)
}

func makeSources(t *testing.T, sources string) {
	t.Helper()
	for i := range churnReleases {
		name := fmt.Sprintf("v%d", i)
		from := filepath.Join(sources, name)
		if err := os.MkdirAll(filepath.Join(from, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"bin/server", "bin/tool", "environment"} {
			if err := os.WriteFile(filepath.Join(from, file), []byte(name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := exec.Command("tar", "-C", from, "-cf", from+".tar", ".").CombinedOutput(); err != nil {
			t.Fatalf("tar: %v\n%s", err, out)
		}
	}
}

// killAfter lets a process churn until so many things have happened in the
// directories of releases and links, and kills it.
func killAfter(t *testing.T, dir string, store Store, events int) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	watch := os.NewFile(uintptr(fd), "inotify")
	defer watch.Close()
	for _, name := range []string{"releases", "workers"} {
		if _, err := unix.InotifyAddWatch(fd, filepath.Join(store.Dir, name), unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVE); err != nil {
			t.Fatal(err)
		}
	}
	if err := watch.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), churnVariable+"="+dir)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Room for one event only: the kill comes as soon as it is seen.
	event := make([]byte, unix.SizeofInotifyEvent+unix.NAME_MAX+1)
	for seen := 0; seen < events && err == nil; seen++ {
		var n int
		n, err = watch.Read(event)
		seen += countEvents(event[:n]) - 1
	}
	killErr := cmd.Process.Kill()
	waitErr := cmd.Wait()
	if err != nil || killErr != nil || waitErr == nil || waitErr.Error() != "signal: killed" {
		t.Fatalf("the process did not churn until it was killed: %v, %v, %v\n%s", err, killErr, waitErr, stderr.String())
	}
}

// countEvents counts the inotify_event structures, inotify(7): each says at
// its end how long the name is that follows it.
func countEvents(data []byte) int {
	count := 0
	for len(data) >= unix.SizeofInotifyEvent {
		length := int(data[12]) | int(data[13])<<8
		data = data[unix.SizeofInotifyEvent+length:]
		count++
	}
	return count
}

// checkWhole holds the store against the invariants of the package.
func checkWhole(t *testing.T, store Store) {
	t.Helper()
	all, err := store.List()
	if err != nil {
		t.Error(err)
	}
	listed := make(map[string]bool)
	for _, release := range all {
		listed[release.Name] = true
		if err := store.Verify(release.Name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range visible(t, store) {
		if !listed[name] {
			t.Errorf("%q can be seen and is no release", name)
		}
	}
	workers, err := store.Workers()
	if err != nil {
		t.Error(err)
	}
	for release, instances := range workers {
		if !listed[release] {
			t.Errorf("the links of %q point at %q, which is not there", instances, release)
		}
	}
}

func visible(t *testing.T, store Store) []string {
	t.Helper()
	return names(t, store, func(name string) bool { return !strings.HasPrefix(name, ".") })
}

// hidden is what only interrupted processes leave in the directory of releases.
func hidden(t *testing.T, store Store) []string {
	t.Helper()
	return names(t, store, func(name string) bool {
		release, isDescription := strings.CutSuffix(strings.TrimPrefix(name, "."), ".json")
		if isDescription {
			_, err := os.Stat(store.path(release))
			return err != nil
		}
		return strings.HasPrefix(name, ".") && name != ".lock"
	})
}

func names(t *testing.T, store Store, wanted func(string) bool) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(store.releases()), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if wanted(name) {
			found = append(found, name)
		}
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return found
}
