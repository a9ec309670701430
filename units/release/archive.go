package release

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// ErrDigest is returned when an archive is not the one that was meant.
var ErrDigest = errors.New("the archive is another one")

// AddArchive unpacks a tar archive, plain or with gzip, into the store under the
// name given. With a sum that is not "", the SHA-256 of the archive in
// hexadecimal digits, one with another sum is ErrDigest and nothing of it is
// unpacked. Everything else is as Add says.
func (s Store) AddArchive(name, archive, sum string) (Release, error) {
	if err := ValidateName(name); err != nil {
		return Release{}, err
	}
	file, err := os.Open(archive)
	if err != nil {
		return Release{}, fmt.Errorf("release %q: %w", name, err)
	}
	defer file.Close()
	if err := checkSum(file, sum); err != nil {
		return Release{}, fmt.Errorf("release %q: %q: %w", name, archive, err)
	}
	unlock, err := s.lock()
	if err != nil {
		return Release{}, err
	}
	defer unlock()
	temporary, err := s.temporary()
	if err != nil {
		return Release{}, err
	}
	defer os.RemoveAll(temporary)
	if err := unpack(temporary, file); err != nil {
		return Release{}, fmt.Errorf("release %q: %q: %w", name, archive, err)
	}
	if err := syncDirs(temporary); err != nil {
		return Release{}, fmt.Errorf("release %q: %w", name, err)
	}
	return s.publish(Release{Name: name, Source: archive, Added: time.Now().UTC()}, temporary)
}

func checkSum(file *os.File, want string) error {
	if want == "" {
		return nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, strings.TrimPrefix(want, "sha256:")) {
		return fmt.Errorf("%w: its sha256 is %s, wanted %s", ErrDigest, got, want)
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// unpack writes the files of an archive below a directory. The directory is
// opened as a root that no path leads out of (os.Root), whatever links the
// archive has made before.
func unpack(to string, archive io.Reader) error {
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	stream, err := decompressed(archive)
	if err != nil {
		return err
	}
	watched := &lastBytes{reader: stream}
	entries := tar.NewReader(watched)
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return watched.mustBeEnd()
		}
		if err != nil {
			return fmt.Errorf("not a tar archive: %w", err)
		}
		if err := unpackEntry(root, header, entries); err != nil {
			return fmt.Errorf("entry %q: %w", header.Name, err)
		}
	}
}

// endOfArchive is two blocks of zeros (tar(5)).
const endOfArchive = 1024

// lastBytes remembers the end of what was read. An archive that is cut off
// between two entries looks like a shorter one to archive/tar; what it lacks is
// the end.
type lastBytes struct {
	reader io.Reader
	last   []byte
}

func (l *lastBytes) Read(data []byte) (int, error) {
	n, err := l.reader.Read(data)
	l.last = append(l.last, data[:n]...)
	l.last = l.last[max(len(l.last)-endOfArchive, 0):]
	return n, err
}

func (l *lastBytes) mustBeEnd() error {
	if !bytes.Equal(l.last, make([]byte, endOfArchive)) {
		return errors.New("not a whole tar archive: its end is missing")
	}
	return nil
}

// decompressed tells gzip from a plain archive by its first two bytes.
func decompressed(archive io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(archive)
	magic, err := buffered.Peek(2)
	if err != nil {
		return nil, fmt.Errorf("not a tar archive: %w", err)
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	return gzip.NewReader(buffered)
}

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	if name == "." {
		return nil
	}
	if !filepath.IsLocal(name) {
		return errors.New("leads out of the release")
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := header.FileInfo().Mode().Perm()
	switch header.Typeflag {
	case tar.TypeDir:
		if err := root.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		// A directory that its owner can't write to could take no more files.
		return root.Chmod(name, mode|0o700)
	case tar.TypeReg:
		return unpackFile(root, name, mode, content)
	case tar.TypeSymlink:
		if path.IsAbs(header.Linkname) || !filepath.IsLocal(path.Join(path.Dir(name), header.Linkname)) {
			return fmt.Errorf("is a link to %q, wanted one that stays inside the release", header.Linkname)
		}
		return root.Symlink(header.Linkname, name)
	case tar.TypeLink:
		return root.Link(path.Clean(header.Linkname), name)
	case tar.TypeXGlobalHeader:
		return nil // what git archive writes first
	}
	return fmt.Errorf("is neither a file, a directory nor a link (type %q)", header.Typeflag)
}

func unpackFile(root *os.Root, name string, mode fs.FileMode, content io.Reader) error {
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.Copy(file, content); err != nil {
		return err
	}
	if err := file.Chmod(mode); err != nil { // the umask has had its say
		return err
	}
	return file.Sync()
}
