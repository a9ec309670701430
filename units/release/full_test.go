package release

import (
	"archive/tar"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk is a store on a file system of 1 MiB and 64 inodes, with one
// release that worker 1 runs.
func smallDisk(t *testing.T) Store {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("a disk to fill up, a tmpfs of 1 MiB, can be mounted by root only: run make test as root")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,nr_inodes=64"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	store := Store{Dir: filepath.Join(dir, "web")}
	if _, err := store.Add("v1", tree(t, map[string]string{"name": "v1"})); err != nil {
		t.Fatal(err)
	}
	if err := store.Switch("1", "v1"); err != nil {
		t.Fatal(err)
	}
	return store
}

func TestAdd_OnAFullDiskLeavesNothing(t *testing.T) {
	big := strings.Repeat("clusterctl", 200_000)
	many := make(map[string]string)
	var entries []tar.Header
	for i := range 100 {
		many[fmt.Sprint(i)] = ""
		entries = append(entries, tar.Header{Name: fmt.Sprint(i)})
	}
	for name, add := range map[string]func(Store) error{
		"bytes": func(s Store) error {
			_, err := s.Add("v2", tree(t, map[string]string{"big": big}))
			return err
		},
		"inodes": func(s Store) error {
			_, err := s.Add("v2", tree(t, many))
			return err
		},
		"inodes, from an archive": func(s Store) error {
			_, err := s.AddArchive("v2", write(t, archive(t, entries...)), "")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := smallDisk(t)
			if err := add(store); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("error %v, want %v", err, syscall.ENOSPC)
			}
			if left := hidden(t, store); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			checkWhole(t, store)
			if _, err := store.Add("v2", tree(t, map[string]string{"name": "v2"})); err != nil {
				t.Errorf("one that fits: %v", err)
			}
		})
	}
}

func TestSwitch_OnAFullDiskKeepsTheLink(t *testing.T) {
	store := smallDisk(t)
	if _, err := store.Add("v2", tree(t, map[string]string{"name": "v2"})); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; err == nil; i++ {
		err = os.WriteFile(filepath.Join(store.Dir, fmt.Sprint(i)), nil, 0o644)
	}
	if err := store.Switch("1", "v2"); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want %v", err, syscall.ENOSPC)
	}
	if current, err := store.Current("1"); err != nil || current != "v1" {
		t.Errorf("the link points at %q (%v), want v1", current, err)
	}
	if removed, err := store.Prune(0); err != nil || len(removed) != 1 || removed[0] != "v2" {
		t.Errorf("a full disk can't be pruned: %q, %v", removed, err)
	}
}
