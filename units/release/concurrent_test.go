package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

// Locks of flock(2) belong to an open file, so goroutines stand for processes.
func TestStore_ManyAtOnce(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	same := tree(t, map[string]string{"bin/server": "same", "environment": "A=1"})
	var group sync.WaitGroup
	added := make([]Release, 8)
	for i := range added {
		other := tree(t, map[string]string{"bin/server": fmt.Sprint(i)})
		group.Go(func() {
			var err error
			if added[i], err = store.Add("same", same); err != nil {
				t.Error(err)
			}
			if err := store.Switch(fmt.Sprint(i), "same"); err != nil {
				t.Error(err)
			}
			name := fmt.Sprintf("v%d", i)
			if _, err := store.Add(name, other); err != nil {
				t.Error(err)
			}
			if err := store.Switch(fmt.Sprint(i), name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err) // that it was pruned before is the one excuse
			}
			if _, err := store.Prune(0, "same"); err != nil {
				t.Error(err)
			}
			if _, err := store.List(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i := range added {
		if added[i] != added[0] {
			t.Errorf("the same release, added at the same time: %+v and %+v", added[0], added[i])
		}
	}
	checkWhole(t, store)
	if left := hidden(t, store); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// A release that is on its way out can't get a worker.
func TestSwitch_WaitsForPrune(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	if _, err := store.Add("v1", tree(t, map[string]string{"name": "v1"})); err != nil {
		t.Fatal(err)
	}
	unlock, err := store.lock()
	if err != nil {
		t.Fatal(err)
	}
	switched := make(chan error, 1)
	go func() { switched <- store.Switch("1", "v1") }()
	waitForWaiter(t, filepath.Join(store.releases(), ".lock"), switched)
	if err := store.remove("v1"); err != nil {
		t.Error(err)
	}
	unlock()
	if err := <-switched; !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want %v", err, fs.ErrNotExist)
	}
	checkWhole(t, store)
}

// waitForWaiter returns when somebody waits for a lock of flock(2), as proc(5)
// says of /proc/locks, or when there is a result without waiting.
func waitForWaiter(t *testing.T, path string, result <-chan error) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	waiter := regexp.MustCompile(fmt.Sprintf(`-> FLOCK .*:%d `, info.Sys().(*syscall.Stat_t).Ino))
	for len(result) == 0 {
		locks, err := os.ReadFile("/proc/locks")
		if err != nil {
			t.Fatal(err)
		}
		if waiter.Match(locks) {
			return
		}
		runtime.Gosched()
	}
}

func TestStage_LeavesOthersAtWorkAlone(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	one, err := store.stage()
	if err != nil {
		t.Fatal(err)
	}
	defer one.discard()
	if _, err := store.Add("v1", tree(t, map[string]string{"name": "v1"})); err != nil {
		t.Fatal(err)
	}
	if err := copyTree(one.tree(), tree(t, map[string]string{"name": "v2"})); err != nil {
		t.Errorf("somebody else's Add took the directory away: %v", err)
	}
}
