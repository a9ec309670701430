package release

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Digest is a SHA-256 over a tree, and the size of its files in bytes. Times
// and owners don't count: the same content has the same digest wherever it
// comes from. Summed up is one line for each entry but the root, in the order
// of filepath.WalkDir, quoted as Go does:
//
//	"bin" drwxr-xr-x ""
//	"bin/server" -rwxr-xr-x "<SHA-256 of the file in hexadecimal digits>"
//	"current" Lrwxrwxrwx "<what the link points at>"
func Digest(root string) (digest string, size int64, err error) {
	sum := sha256.New()
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil || relative == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content := ""
		switch {
		case entry.Type() == fs.ModeSymlink:
			content, err = os.Readlink(path)
		case entry.Type().IsRegular():
			size += info.Size()
			content, err = fileDigest(path)
		}
		// The quotes keep a line break in a name from looking like an entry.
		fmt.Fprintf(sum, "%q %s %q\n", filepath.ToSlash(relative), info.Mode(), content)
		return err
	})
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), size, err
}

func fileDigest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
