package release

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// copyTree copies a directory with its modes and the links that stay inside.
// Every file is on the disk when it returns.
func copyTree(to, from string) error {
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.IsDir() && relative == ".":
			return nil
		case entry.IsDir():
			return os.Mkdir(target, info.Mode().Perm())
		case entry.Type() == fs.ModeSymlink:
			return copyLink(target, path, relative)
		case entry.Type().IsRegular():
			return copyFile(target, path, info.Mode().Perm())
		}
		return fmt.Errorf("%q is neither a file, a directory nor a link (%s)", relative, info.Mode())
	})
	if err != nil {
		return err
	}
	return syncDirs(to)
}

func copyLink(target, path, relative string) error {
	points, err := os.Readlink(path)
	if err != nil {
		return err
	}
	if filepath.IsAbs(points) || !filepath.IsLocal(filepath.Join(filepath.Dir(relative), points)) {
		return fmt.Errorf("%q is a link to %q, wanted one that stays inside the release", relative, points)
	}
	return os.Symlink(points, target)
}

func copyFile(target, path string, mode fs.FileMode) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := out.Chmod(mode); err != nil { // the umask has had its say
		return err
	}
	return out.Sync()
}

func syncDirs(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

// Digest is a SHA-256 over the paths, modes and contents of a tree in the order
// of their paths, and the size of its files in bytes. Times and owners don't
// count: the same content has the same digest wherever it comes from.
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
		fmt.Fprintf(sum, "%q %s %q\n", filepath.ToSlash(relative), info.Mode(), strings.TrimSpace(content))
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
