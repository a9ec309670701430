package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/google/renameio/v2"
)

// ErrOther is returned when another release of the same name is there.
var ErrOther = errors.New("another release has this name")

// Add copies a directory into the store, under the name given. Of a release
// that is there already with the same content nothing is written; one with
// other content is ErrOther.
// A symbolic link to a directory is followed.
//
// Copied are files, directories and links that stay inside, with their modes
// and the times of the files, without owners and extended attributes. Anything
// else is refused, and so are files that are setuid or setgid.
func (s Store) Add(name, directory string) (Release, error) {
	return s.add(name, directory, func(tree string) error { return copyTree(tree, directory) })
}

// AddArchive unpacks a tar archive, plain or with gzip, into the store under the
// name given. With a sum that is not "", the SHA-256 of the archive in
// hexadecimal digits, one with another sum is ErrDigest and nothing of it is
// unpacked. Everything else is as Add says.
func (s Store) AddArchive(name, archive, sum string) (Release, error) {
	return s.add(name, archive, func(tree string) error { return unpackFile(tree, archive, sum) })
}

// add makes visible what fill has made of an empty directory.
func (s Store) add(name, source string, fill func(tree string) error) (Release, error) {
	if err := ValidateName(name); err != nil {
		return Release{}, err
	}
	st, err := s.stage()
	if err != nil {
		return Release{}, err
	}
	defer st.discard()
	if err := fill(st.tree()); err != nil {
		return Release{}, fmt.Errorf("release %q from %q: %w", name, source, err)
	}
	if err := seal(st.tree()); err != nil {
		return Release{}, fmt.Errorf("release %q from %q: %w", name, source, err)
	}
	release := Release{Name: name, Source: source, Added: time.Now().UTC()}
	if release.Digest, release.Size, err = Digest(st.tree()); err != nil {
		return Release{}, fmt.Errorf("release %q from %q: %w", name, source, err)
	}
	return s.publish(release, st)
}

// publish makes a tree that is whole visible under its name.
func (s Store) publish(release Release, st staging) (Release, error) {
	unlock, err := s.lock()
	if err != nil {
		return Release{}, err
	}
	defer unlock()
	if _, err := os.Lstat(s.path(release.Name)); err == nil {
		return s.known(release)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return Release{}, fmt.Errorf("release %q: %w", release.Name, err)
	}
	if err := s.describe(release, st); err != nil {
		return Release{}, fmt.Errorf("release %q: %w", release.Name, err)
	}
	if err := os.Rename(st.tree(), s.path(release.Name)); err != nil {
		return Release{}, fmt.Errorf("release %q: %w", release.Name, err)
	}
	return release, syncDir(s.releases())
}

// known is the release that has the name of another one already.
func (s Store) known(release Release) (Release, error) {
	known, err := s.Get(release.Name)
	if err != nil {
		return Release{}, fmt.Errorf("%q is in the way: %w", s.path(release.Name), err)
	}
	if known.Digest != release.Digest {
		return Release{}, fmt.Errorf("release %q: %w, with the digest %s and not %s", release.Name, ErrOther, known.Digest, release.Digest)
	}
	return known, nil
}

// describe writes the description of a release. It reaches the disk before its
// tree does: a tree without one is not a release.
func (s Store) describe(release Release, st staging) error {
	text, err := json.MarshalIndent(release, "", "  ")
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(s.description(release.Name), append(text, '\n'), 0o644, renameio.WithTempDir(st.path)); err != nil {
		return err
	}
	return syncDir(s.releases())
}
