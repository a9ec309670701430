package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
)

// Store is the releases of one cluster.
type Store struct {
	// Dir is the cluster's directory, such as /var/lib/clusterctl/web.
	Dir string
}

// Release is one release of a store.
type Release struct {
	Name   string    `json:"name"`
	Digest string    `json:"digest"` // of the tree, as Digest makes it
	Size   int64     `json:"size"`   // of all files, in bytes
	Source string    `json:"source"`
	Added  time.Time `json:"added"`
}

// ErrOther is returned when another release of the same name is there.
var ErrOther = errors.New("another release has this name")

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$`)

// ValidateName says why a name can't be that of a release, if so.
func ValidateName(name string) error {
	if !namePattern.MatchString(name) {
		return fmt.Errorf(`release name %q: wanted at most 128 letters, digits, "_", ".", "+" and "-", and neither "." nor "-" or "+" first`, name)
	}
	return nil
}

// Add copies a directory into the store, under the name given. Of a release
// that is there already with the same content nothing is written; one with
// other content is ErrOther.
func (s Store) Add(name, directory string) (Release, error) {
	if err := ValidateName(name); err != nil {
		return Release{}, err
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
	if err := copyTree(temporary, directory); err != nil {
		return Release{}, fmt.Errorf("release %q from %q: %w", name, directory, err)
	}
	return s.publish(Release{Name: name, Source: directory, Added: time.Now().UTC()}, temporary)
}

// publish makes a tree that is whole visible under its name.
func (s Store) publish(release Release, tree string) (Release, error) {
	var err error
	if release.Digest, release.Size, err = Digest(tree); err != nil {
		return Release{}, fmt.Errorf("release %q: %w", release.Name, err)
	}
	if known, err := s.Get(release.Name); err == nil {
		if known.Digest == release.Digest {
			return known, nil
		}
		return Release{}, fmt.Errorf("release %q: %w, with the digest %s and not %s", release.Name, ErrOther, known.Digest, release.Digest)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return Release{}, err
	}
	text, err := json.MarshalIndent(release, "", "  ")
	if err != nil {
		return Release{}, err
	}
	// The description comes first: a release without one is not there.
	if err := renameio.WriteFile(s.description(release.Name), append(text, '\n'), 0o644); err != nil {
		return Release{}, fmt.Errorf("release %q: %w", release.Name, err)
	}
	if err := os.Rename(tree, s.path(release.Name)); err != nil {
		return Release{}, fmt.Errorf("release %q: %w", release.Name, err)
	}
	return release, syncDir(s.releases())
}

// Get is the release of that name; an error that is fs.ErrNotExist if there is
// none.
func (s Store) Get(name string) (Release, error) {
	if err := ValidateName(name); err != nil {
		return Release{}, err
	}
	if _, err := os.Stat(s.path(name)); err != nil {
		return Release{}, fmt.Errorf("release %q: %w", name, err)
	}
	text, err := os.ReadFile(s.description(name))
	if err != nil {
		return Release{}, fmt.Errorf("release %q: %w", name, err)
	}
	var release Release
	if err := json.Unmarshal(text, &release); err != nil {
		return Release{}, fmt.Errorf("release %q: %q: %w", name, s.description(name), err)
	}
	return release, nil
}

// List is every release, the newest first.
func (s Store) List() ([]Release, error) {
	entries, err := os.ReadDir(s.releases())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("releases: %w", err)
	}
	var all []Release
	for _, entry := range entries {
		if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		release, err := s.Get(entry.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, release)
	}
	slices.SortFunc(all, func(a, b Release) int { return b.Added.Compare(a.Added) })
	return all, nil
}

func (s Store) releases() string               { return filepath.Join(s.Dir, "releases") }
func (s Store) path(name string) string        { return filepath.Join(s.releases(), name) }
func (s Store) description(name string) string { return filepath.Join(s.releases(), "."+name+".json") }

// lock keeps other processes from adding to the store at the same time, until
// the returned function is called or this process ends.
func (s Store) lock() (unlock func(), err error) {
	if err := os.MkdirAll(s.releases(), 0o755); err != nil {
		return nil, fmt.Errorf("releases: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(s.releases(), ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("releases: %w", err)
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			file.Close()
			return nil, fmt.Errorf("releases: lock %q: %w", file.Name(), err)
		}
	}
}

// temporary is an empty directory in the store's file system; those that
// others have left are removed. Whoever calls it holds the lock.
func (s Store) temporary() (string, error) {
	left, err := filepath.Glob(filepath.Join(s.releases(), ".tmp-*"))
	if err != nil {
		return "", err
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return "", fmt.Errorf("releases: %w", err)
		}
	}
	temporary, err := os.MkdirTemp(s.releases(), ".tmp-")
	if err != nil {
		return "", fmt.Errorf("releases: %w", err)
	}
	return temporary, os.Chmod(temporary, 0o755)
}
