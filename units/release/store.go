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
	"sync"
	"time"
)

// Store is the releases of one cluster. Any number of processes may use it at
// the same time.
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

const longestName = 128

var namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+-]*$`) })

// ValidateName says why a name can't be that of a release, if so.
func ValidateName(name string) error {
	if len(name) > longestName || !namePattern().MatchString(name) {
		return fmt.Errorf(`release name %q: wanted at most %d letters, digits, "_", ".", "+" and "-", and neither "." nor "-" or "+" first`, name, longestName)
	}
	return nil
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
		if errors.Is(err, fs.ErrNotExist) {
			continue // pruned since the directory was read
		}
		if err != nil {
			return nil, err
		}
		all = append(all, release)
	}
	slices.SortStableFunc(all, func(a, b Release) int { return b.Added.Compare(a.Added) })
	return all, nil
}

// ErrChanged is returned when the files of a release are not those that were
// added.
var ErrChanged = errors.New("its files were changed since it was added")

// Verify reads all files of a release and holds them against the digest that
// it was added with: ErrChanged if they differ.
func (s Store) Verify(name string) error {
	known, err := s.Get(name)
	if err != nil {
		return err
	}
	digest, _, err := Digest(s.path(name))
	if err != nil {
		return fmt.Errorf("release %q: %w", name, err)
	}
	if digest != known.Digest {
		return fmt.Errorf("release %q: %w: the digest is %s, wanted %s", name, ErrChanged, digest, known.Digest)
	}
	return nil
}

// temporaryPrefix begins the names of what is under way or on its way out.
const temporaryPrefix = ".tmp-"

func (s Store) releases() string               { return filepath.Join(s.Dir, "releases") }
func (s Store) path(name string) string        { return filepath.Join(s.releases(), name) }
func (s Store) description(name string) string { return filepath.Join(s.releases(), "."+name+".json") }
