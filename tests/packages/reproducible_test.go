package packages

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What decides nothing: another place, another time, other habits of the builder.
var elsewhere = []string{"TZ=Pacific/Kiritimati", "LC_ALL=C", "USER=somebody", "HOSTNAME=elsewhere"}

func TestReproducible_Tarball(t *testing.T) {
	t.Parallel()
	first, err := tarball()
	if err != nil {
		t.Fatal(err)
	}
	repository := filepath.Join(work, "a-longer-name-of-a-directory", "repository")
	if err := copyOfRepository(repository); err != nil {
		t.Fatal(err)
	}
	run(t, repository, nil, "sh", "-c", "umask 077; find . -path ./.git -prune -o -type f -exec touch {} +")
	second, err := dist(repository, elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	requireSame(t, first, second)
}

func TestReproducible_Packages(t *testing.T) {
	t.Parallel()
	first, err := nfpmPackages()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := makePackages("another-directory/for-the-packages", filepath.Join(first, "../bin/nfpm"), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob(filepath.Join(first, "*"))
	if err != nil || len(packages) != 4 {
		t.Fatalf("packages: %v, %v", packages, err)
	}
	for _, p := range packages {
		requireSame(t, p, filepath.Join(tree, "dist", filepath.Base(p)))
	}
}

// debian/ builds the same bytes anywhere too.
func TestReproducible_Debian(t *testing.T) {
	t.Parallel()
	d, err := built()
	if err != nil {
		t.Fatal(err)
	}
	source, err := tarball()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := unpack(source, filepath.Join(work, "debian-once-more"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := buildDeb(tree, "clusterctl", newer, elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	requireSame(t, d.newer, again)
}

func requireSame(t *testing.T, first, second string) {
	t.Helper()
	a, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("%s and %s differ: %d and %d bytes. diffoscope tells where.", first, second, len(a), len(b))
	}
	t.Logf("%s: %d bytes", filepath.Base(first), len(a))
}
