package release

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Nothing is ever written outside, whatever the archive says, and what is taken
// is a tree that can be copied and is the same then. Each input is written to the
// disk, so fuzz on one that is quick, and minimize less than the default:
//
//	TMPDIR=/dev/shm go test ./units/release -run ^$ -fuzz FuzzUnpack -fuzztime 30s -fuzzminimizetime 10x
func FuzzUnpack(f *testing.F) {
	f.Add(archive(f, tar.Header{Name: "a"}))
	f.Add(archive(f, tar.Header{Name: "../a"}))
	f.Add(archive(f, tar.Header{Name: "d", Typeflag: tar.TypeSymlink, Linkname: "x/../.."}, tar.Header{Name: "d/a"}))
	f.Add(archive(f, tar.Header{Name: "d", Typeflag: tar.TypeDir}, tar.Header{Name: "d/l", Typeflag: tar.TypeLink, Linkname: "d"}))
	f.Add(archive(f, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "../canary"}, tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "l"}, tar.Header{Name: "h"}))
	f.Add(gzipped(f, archive(f, tar.Header{Name: "a/b/c/up", Typeflag: tar.TypeSymlink, Linkname: "../../.."}, tar.Header{Name: "a/b/c/up/d", Typeflag: tar.TypeDir})))
	f.Fuzz(func(t *testing.T, data []byte) {
		outside := t.TempDir()
		inside := filepath.Join(outside, "release")
		if err := errors.Join(os.WriteFile(filepath.Join(outside, "canary"), []byte("sings"), 0o644), os.Mkdir(inside, 0o755)); err != nil {
			t.Fatal(err)
		}
		err := unpack(inside, bytes.NewReader(data))
		if err == nil {
			err = seal(inside)
		}
		checkOutside(t, outside)
		if err != nil {
			return
		}
		checkLinks(t, inside)
		checkCopy(t, inside)
	})
}

func checkOutside(t *testing.T, outside string) {
	t.Helper()
	canary, err := os.ReadFile(filepath.Join(outside, "canary"))
	info, statErr := os.Lstat(filepath.Join(outside, "canary"))
	if err != nil || statErr != nil || string(canary) != "sings" || info.Mode() != 0o644 || info.Sys().(*syscall.Stat_t).Nlink != 1 {
		t.Errorf("the file outside is %q, %v (%v, %v)", canary, info, err, statErr)
	}
	entries, err := os.ReadDir(outside)
	if err != nil || len(entries) != 2 {
		t.Errorf("written outside: %v, %v", entries, err)
	}
}

// checkLinks asks the kernel where links lead.
func checkLinks(t *testing.T, inside string) {
	t.Helper()
	err := filepath.WalkDir(inside, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type() != fs.ModeSymlink {
			return err
		}
		end, err := filepath.EvalSymlinks(path)
		if err == nil && end != inside && !strings.HasPrefix(end, inside+"/") {
			t.Errorf("%s leads to %s", path, end)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func checkCopy(t *testing.T, inside string) {
	t.Helper()
	again := t.TempDir()
	if err := copyTree(again, inside); err != nil {
		t.Fatalf("unpacked, but not copied: %v", err)
	}
	want, size, err := Digest(inside)
	got, copySize, copyErr := Digest(again)
	if err != nil || copyErr != nil || got != want || size != copySize {
		t.Errorf("the copy is %s of %d bytes (%v), unpacked was %s of %d (%v)", got, copySize, copyErr, want, size, err)
	}
}
