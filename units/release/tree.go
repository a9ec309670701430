package release

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"
)

// errTwice is an entry whose name is taken.
var errTwice = errors.New("is there twice, wanted once")

// builder writes a tree below a directory that no name and no link leads out
// of (os.Root), whatever was written before.
type builder struct {
	root *os.Root
}

// parents makes the directories above an entry that an archive leaves unsaid.
func (b builder) parents(name string) error {
	parent := path.Dir(name)
	if info, err := b.root.Stat(parent); parent == "." || err == nil && info.IsDir() {
		return nil
	}
	if err := b.parents(parent); err != nil {
		return err
	}
	return b.directory(parent, 0o755)
}

func (b builder) directory(name string, mode fs.FileMode) error {
	if err := b.root.Mkdir(name, 0o755); err != nil {
		if info, statErr := b.root.Lstat(name); statErr != nil || !info.IsDir() {
			return twice(err)
		}
	}
	// A directory that its owner can't write to could take no more files.
	return b.root.Chmod(name, mode.Perm()|0o700)
}

func (b builder) file(name string, mode fs.FileMode, modified time.Time, content io.Reader) error {
	if mode&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
		return fmt.Errorf("is setuid or setgid (%s), wanted neither", mode)
	}
	file, err := b.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return twice(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, content); err != nil {
		return err
	}
	if err := file.Chmod(mode.Perm()); err != nil {
		return err
	}
	// Python, for one, takes compiled code only for sources of the right age.
	if err := b.root.Chtimes(name, modified, modified); err != nil {
		return err
	}
	return file.Sync()
}

func (b builder) symlink(name, target string) error { return twice(b.root.Symlink(target, name)) }

func (b builder) hardLink(name, target string) error { return twice(b.root.Link(target, name)) }

func twice(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return errTwice
	}
	return err
}

// copyTree copies a directory with its modes. Every file is on the disk when it
// returns.
func copyTree(to, from string) error {
	source, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer target.Close()
	end, err := target.Stat(".")
	if err != nil {
		return err
	}
	return fs.WalkDir(source.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if os.SameFile(info, end) {
			return fmt.Errorf("the directory holds the store itself: %q", to)
		}
		if err := copyEntry(builder{target}, source, name, info); err != nil {
			return fmt.Errorf("entry %q: %w", name, err)
		}
		return nil
	})
}

func copyEntry(b builder, source *os.Root, name string, info fs.FileInfo) error {
	switch info.Mode().Type() {
	case fs.ModeDir:
		return b.directory(name, info.Mode())
	case fs.ModeSymlink:
		points, err := source.Readlink(name)
		if err != nil {
			return err
		}
		return b.symlink(name, points)
	case 0:
		file, err := source.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		return b.file(name, info.Mode(), info.ModTime(), file)
	}
	return fmt.Errorf("is neither a file, a directory nor a link (%s)", info.Mode())
}

// seal makes sure that no link leads out of a finished tree and that its
// directories are on the disk.
func seal(tree string) error {
	root, err := os.OpenRoot(tree)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return syncDir(filepath.Join(tree, name))
		case entry.Type() == fs.ModeSymlink:
			return checkLink(root, name)
		}
		return nil
	})
}

// checkLink follows a link as the kernel does: the words of the path alone don't
// tell where one leads that passes through another. A link to nothing is no
// danger in a tree that never changes.
func checkLink(root *os.Root, name string) error {
	_, err := root.Stat(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
		return nil
	}
	points, readErr := root.Readlink(name)
	if readErr != nil {
		return readErr
	}
	return fmt.Errorf("entry %q: is a link to %q, wanted one that stays inside the release: %w", name, points, err)
}
