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
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrDigest is returned when an archive is not the one that was meant.
var ErrDigest = errors.New("the archive is another one")

func unpackFile(to, archive, sum string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	if sum == "" {
		return unpack(to, file)
	}
	return unpackMatching(to, file, sum)
}

// unpackMatching unpacks an archive if it has the sum. It is read twice: before
// a byte of an archive that nobody meant is unpacked, and again, for the file
// may have been written to meanwhile.
func unpackMatching(to string, archive io.ReadSeeker, sum string) error {
	if err := readAndMatch(sha256.New(), archive, sum); err != nil {
		return err
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return err
	}
	unpacked := sha256.New()
	if err := unpack(to, io.TeeReader(archive, unpacked)); err != nil {
		return err
	}
	return readAndMatch(unpacked, archive, sum)
}

func readAndMatch(sum hash.Hash, rest io.Reader, want string) error {
	if _, err := io.Copy(sum, rest); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, strings.TrimPrefix(want, "sha256:")) {
		return fmt.Errorf("%w: its sha256 is %s, wanted %s", ErrDigest, got, want)
	}
	return nil
}

// unpack writes the entries of an archive below a directory.
func unpack(to string, archive io.Reader) error {
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	stream, err := decompressed(archive)
	if err != nil {
		return fmt.Errorf("not a tar archive: %w", err)
	}
	watched := &tail{reader: stream}
	entries := tar.NewReader(watched)
	for {
		watched.read = 0
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return watched.mustBeEnd()
		}
		if err != nil {
			return fmt.Errorf("not a tar archive: %w", err)
		}
		if err := unpackEntry(builder{root}, header, entries); err != nil {
			return fmt.Errorf("entry %q: %w", header.Name, err)
		}
	}
}

func unpackEntry(b builder, header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	if header.Typeflag == tar.TypeXGlobalHeader {
		return nil // what git archive writes first
	}
	if name == "." && header.Typeflag == tar.TypeDir {
		return nil // the root, which has a mode of its own here
	}
	if !filepath.IsLocal(name) {
		return errors.New("leads out of the release")
	}
	if len(name) >= syscall.PathMax {
		return fmt.Errorf("has a name of %d bytes, wanted less than %d", len(name), syscall.PathMax)
	}
	if err := b.parents(name); err != nil {
		return err
	}
	mode := header.FileInfo().Mode()
	switch header.Typeflag {
	case tar.TypeDir:
		return b.directory(name, mode)
	case tar.TypeReg:
		if isSparse(header) {
			return errors.New("is a sparse file, wanted a plain one")
		}
		return b.file(name, mode, header.ModTime, content)
	case tar.TypeSymlink:
		return b.symlink(name, header.Linkname)
	case tar.TypeLink:
		return b.hardLink(name, path.Clean(header.Linkname))
	}
	return fmt.Errorf("is neither a file, a directory nor a link (type %q)", header.Typeflag)
}

// isSparse says that an entry is longer than what the archive holds of it. A few
// bytes could fill the disk.
func isSparse(header *tar.Header) bool {
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// decompressed tells gzip from a plain archive by its first two bytes.
func decompressed(archive io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(archive)
	magic, err := buffered.Peek(2)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	return gzip.NewReader(buffered)
}

// endOfArchive is two blocks of zeros (tar(5)).
const endOfArchive = 1024

// tail remembers the end of what was read, and how much was read since that
// was last set to 0. An archive that is cut off between two entries looks like
// a shorter one to archive/tar; what it lacks is the end.
type tail struct {
	reader io.Reader
	read   int
	last   []byte
}

func (t *tail) Read(data []byte) (int, error) {
	n, err := t.reader.Read(data)
	t.read += n
	t.last = append(t.last, data[:n]...)
	t.last = t.last[max(len(t.last)-endOfArchive, 0):]
	return n, err
}

// mustBeEnd reads the rest, for only then gzip holds the content against its
// checksum. The zeros have to be the archive's own: those that a file ends with
// were read before its next entry was asked for.
func (t *tail) mustBeEnd() error {
	if t.read < endOfArchive || !bytes.Equal(t.last, make([]byte, endOfArchive)) {
		return errors.New("not a whole tar archive: its end is missing")
	}
	if _, err := io.Copy(io.Discard, t.reader); err != nil {
		return fmt.Errorf("not a whole tar archive: %w", err)
	}
	return nil
}
