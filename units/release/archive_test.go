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
// as content, or so many zeros as its size says.
func archive(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var data bytes.Buffer
	w := tar.NewWriter(&data)
	for _, header := range entries {
		content := ""
		if header.Typeflag == 0 || header.Typeflag == tar.TypeReg {
			header.Typeflag, content = tar.TypeReg, header.Name
			if header.Size > 0 {
				content = string(make([]byte, header.Size))
			}
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

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// badSum is an archive with gzip whose checksum, in the eight last bytes
// (RFC 1952), is that of another one.
func badSum(t testing.TB) []byte {
	t.Helper()
	data := gzipped(t, archive(t, tar.Header{Name: "a"}))
	data[len(data)-8] ^= 1
	return data
}

// sparse is what "tar --sparse --format=pax" makes of a file of one TiB with
// nothing in it. archive/tar reads it and can't write it, so the header passes
// under another name of the same length.
func sparse(t testing.TB) []byte {
	t.Helper()
	data := archive(t, tar.Header{Name: "a", Format: tar.FormatPAX, PAXRecords: map[string]string{
		"gnu.sparse.size": "1099511627776", "gnu.sparse.numblocks": "1", "gnu.sparse.map": "0,1", "gnu.sparse.major": "0", "gnu.sparse.minor": "1",
	}})
	return bytes.ReplaceAll(data, []byte("gnu.sparse."), []byte("GNU.sparse."))
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
	store := Store{Dir: t.TempDir()}
	want, err := store.Add("v1", tree(t, map[string]string{"bin/server": "bin/server", "environment": "./environment"}))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"plain": plain, "gzip": gzipped(t, plain)} {
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
		"another sum":    {archive(t, tar.Header{Name: "a"}), strings.Repeat("0", 64), "the archive is another one: its sha256 is"},
		"upwards":        {archive(t, tar.Header{Name: "../a"}), "", `entry "../a": leads out of the release`},
		"absolute":       {archive(t, tar.Header{Name: "/etc/passwd"}), "", `entry "/etc/passwd": leads out of the release`},
		"link upwards":   {archive(t, tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "../../etc"}), "", `is a link to "../../etc", wanted one that stays inside`},
		"through a link": {archive(t, tar.Header{Name: "d", Typeflag: tar.TypeSymlink, Linkname: "."}, tar.Header{Name: "d/../../a"}), "", "leads out of the release"},
		"twice":          {archive(t, tar.Header{Name: "a"}, tar.Header{Name: "a"}), "", `entry "a":`},
		"device":         {archive(t, tar.Header{Name: "a", Typeflag: tar.TypeChar}), "", `entry "a": is neither a file, a directory nor a link`},
		"hard link out":  {archive(t, tar.Header{Name: "a", Typeflag: tar.TypeLink, Linkname: "../../b"}), "", `entry "a":`},
		"not an archive": {[]byte("#!/bin/sh\necho hello, this is a script of some length"), "", "not a tar archive"},
		"cut off":        {archive(t, tar.Header{Name: "a"})[:700], "", "not a whole tar archive"},
		"empty":          {nil, "", "not a tar archive"},
		"no end":         {archive(t, tar.Header{Name: "a"})[:1024], "", "not a whole tar archive: its end is missing"},
		"through another link": {archive(t, tar.Header{Name: "a/b/c/up", Typeflag: tar.TypeSymlink, Linkname: "../../.."},
			tar.Header{Name: "out", Typeflag: tar.TypeSymlink, Linkname: "a/b/c/up/../.."}), "", `entry "out": is a link to "a/b/c/up/../..", wanted one that stays inside`},
		"written through a link": {archive(t, tar.Header{Name: "d", Typeflag: tar.TypeSymlink, Linkname: "/tmp"}, tar.Header{Name: "d/a"}), "", `entry "d/a": `},
		"link twice":             {archive(t, tar.Header{Name: "a"}, tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "b"}), "", `entry "a": is there twice`},
		"hard link twice":        {archive(t, tar.Header{Name: "a"}, tar.Header{Name: "a", Typeflag: tar.TypeLink, Linkname: "a"}), "", `entry "a": is there twice`},
		"directory over a file":  {archive(t, tar.Header{Name: "a"}, tar.Header{Name: "a/", Typeflag: tar.TypeDir}), "", `entry "a/": is there twice`},
		"file as a directory":    {archive(t, tar.Header{Name: "a"}, tar.Header{Name: "a/b"}), "", `entry "a/b": is there twice`},
		"setuid":                 {archive(t, tar.Header{Name: "a", Mode: 0o4755}), "", `entry "a": is setuid or setgid (urwxr-xr-x), wanted neither`},
		"long name":              {archive(t, tar.Header{Name: strings.Repeat("a/", 3000) + "b"}), "", `has a name of 6001 bytes, wanted less than 4096`},
		"sparse":                 {sparse(t), "", `entry "a": is a sparse file, wanted a plain one`},
		"no end, but zeros":      {archive(t, tar.Header{Name: "a", Size: 2048})[:512+2048], "", "not a whole tar archive: its end is missing"},
		"gzip with a bad sum":    {badSum(t), "", "not a whole tar archive: gzip: invalid checksum"},
		"gzip cut off":           {gzipped(t, archive(t, tar.Header{Name: "a"}))[:60], "", "unexpected EOF"},
		"cut in a header":        {archive(t, tar.Header{Name: "a"})[:100], "", "not a tar archive: unexpected EOF"},
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

// changing is a file that somebody writes to after it was read once.
type changing struct {
	*bytes.Reader
	next []byte
}

func (c *changing) Seek(int64, int) (int64, error) {
	c.Reset(c.next)
	return 0, nil
}

func TestUnpackMatching_NoticesAChangeAfterTheFirstRead(t *testing.T) {
	meant, other := archive(t, tar.Header{Name: "a"}), archive(t, tar.Header{Name: "b"})
	sum := sha256.Sum256(meant)
	err := unpackMatching(t.TempDir(), &changing{bytes.NewReader(meant), other}, hex.EncodeToString(sum[:]))
	if !errors.Is(err, ErrDigest) {
		t.Errorf("error %v, want %v", err, ErrDigest)
	}
}
