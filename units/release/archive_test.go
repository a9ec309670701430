package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive is a tar archive of the entries; Typeflag 0 is a file with its name
// as content.
func archive(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var data bytes.Buffer
	w := tar.NewWriter(&data)
	for _, header := range entries {
		content := ""
		if header.Typeflag == 0 || header.Typeflag == tar.TypeReg {
			header.Typeflag, content = tar.TypeReg, header.Name
			header.Size = int64(len(content))
		}
		if header.Mode == 0 {
			header.Mode = 0o755
		}
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "release.tar")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAddArchive_IsTheSameReleaseAsItsDirectory(t *testing.T) {
	plain := archive(t, tar.Header{Name: "bin/", Typeflag: tar.TypeDir}, tar.Header{Name: "bin/server"}, tar.Header{Name: "./environment"})
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	w.Close()
	store := Store{Dir: t.TempDir()}
	want, err := store.Add("v1", tree(t, map[string]string{"bin/server": "bin/server", "environment": "./environment"}))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"plain": plain, "gzip": packed.Bytes()} {
		sum := sha256.Sum256(data)
		got, err := store.AddArchive("v1", write(t, data), hex.EncodeToString(sum[:]))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
	}
}

func TestAddArchive_RefusesAndLeavesNothing(t *testing.T) {
	tests := map[string]struct {
		data []byte
		sum  string
		want string
	}{
		"another sum":     {archive(t, tar.Header{Name: "a"}), strings.Repeat("0", 64), "the archive is another one: its sha256 is"},
		"upwards":         {archive(t, tar.Header{Name: "../a"}), "", `entry "../a": leads out of the release`},
		"absolute":        {archive(t, tar.Header{Name: "/etc/passwd"}), "", `entry "/etc/passwd": leads out of the release`},
		"link upwards":    {archive(t, tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "../../etc"}), "", `is a link to "../../etc", wanted one that stays inside`},
		"through a link":  {archive(t, tar.Header{Name: "d", Typeflag: tar.TypeSymlink, Linkname: "."}, tar.Header{Name: "d/../../a"}), "", "leads out of the release"},
		"twice":           {archive(t, tar.Header{Name: "a"}, tar.Header{Name: "a"}), "", `entry "a":`},
		"device":          {archive(t, tar.Header{Name: "a", Typeflag: tar.TypeChar}), "", `entry "a": is neither a file, a directory nor a link`},
		"hard link out":   {archive(t, tar.Header{Name: "a", Typeflag: tar.TypeLink, Linkname: "../../b"}), "", `entry "a":`},
		"not an archive":  {[]byte("#!/bin/sh\necho hello, this is a script of some length"), "", "not a tar archive"},
		"cut off":         {archive(t, tar.Header{Name: "a"})[:700], "", "not a whole tar archive"},
		"empty":           {nil, "", "not a tar archive"},
		"no end":          {archive(t, tar.Header{Name: "a"})[:1024], "", "not a whole tar archive: its end is missing"},
		"cut in a header": {archive(t, tar.Header{Name: "a"})[:100], "", "not a tar archive: unexpected EOF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			store := Store{Dir: t.TempDir()}
			_, err := store.AddArchive("v1", write(t, tt.data), tt.sum)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if left, err := filepath.Glob(filepath.Join(store.Dir, "releases", ".tmp-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
			if _, err := store.Get("v1"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a release is visible (%v)", err)
			}
		})
	}
}

// Nothing is ever written outside, whatever the archive says.
func FuzzUnpack(f *testing.F) {
	f.Add(archive(f, tar.Header{Name: "a"}))
	f.Add(archive(f, tar.Header{Name: "../a"}))
	f.Add(archive(f, tar.Header{Name: "d", Typeflag: tar.TypeSymlink, Linkname: "x/../.."}, tar.Header{Name: "d/a"}))
	f.Add(archive(f, tar.Header{Name: "d", Typeflag: tar.TypeDir}, tar.Header{Name: "d/l", Typeflag: tar.TypeLink, Linkname: "d"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		outside := t.TempDir()
		inside := filepath.Join(outside, "a", "release")
		if err := os.MkdirAll(inside, 0o755); err != nil {
			t.Fatal(err)
		}
		_ = unpack(inside, bytes.NewReader(data)) // whether it is taken is not the question
		err := filepath.WalkDir(outside, func(path string, _ fs.DirEntry, err error) error {
			if relative, _ := filepath.Rel(inside, path); err == nil && strings.HasPrefix(relative, "..") && relative != ".." && relative != "../.." {
				t.Errorf("written outside: %s", path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestPrune_KeepsWhatIsRunOrNeeded(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	for _, name := range []string{"v1", "v2", "v3", "v4", "v5"} {
		if _, err := store.Add(name, tree(t, map[string]string{"name": name})); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Switch("1", "v1"); err != nil {
		t.Fatal(err)
	}
	removed, err := store.Prune(1, "v3")
	if got := strings.Join(removed, " "); err != nil || got != "v4 v2" {
		t.Errorf("removed %q, %v; want v4 v2: v5 is kept, v3 is needed, v1 is run", got, err)
	}
	all, err := store.List()
	if err != nil || len(all) != 3 {
		t.Errorf("left: %+v, %v", all, err)
	}
}
