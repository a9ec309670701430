package packages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// The versions of the packages: the one that is there, and the one that comes.
const (
	older = "0.0.9-1"
	newer = "0.1.0-1"
)

// nfpmPackages is the directory with what "make packages" makes of the tarball.
var nfpmPackages = sync.OnceValues(func() (string, error) {
	tree, err := makePackages("nfpm", "", nil)
	return filepath.Join(tree, "dist"), err
})

// makePackages runs "make packages" in a tree of its own. An nfpm that is built
// already may be given.
func makePackages(name, nfpm string, env []string) (string, error) {
	source, err := tarball()
	if err != nil {
		return "", err
	}
	tree, err := unpack(source, filepath.Join(work, name))
	if err != nil {
		return "", err
	}
	if nfpm != "" {
		if err := os.Mkdir(filepath.Join(tree, "bin"), 0o755); err != nil {
			return "", err
		}
		if _, err := command(tree, nil, "cp", nfpm, "bin/nfpm"); err != nil {
			return "", err
		}
	}
	_, err = command(tree, env, "make", "packages")
	return tree, err
}

// debs are Debian's own packages of clusterctl in two versions, each built without
// a network from the tarball, and hello-cluster in two versions, built with the
// first of them.
type debs struct {
	older, newer           string // the .changes beside each .deb
	helloOlder, helloNewer string
}

var built = sync.OnceValues(func() (debs, error) {
	source, err := tarball()
	if err != nil {
		return debs{}, err
	}
	var d debs
	for version, deb := range map[string]*string{older: &d.older, newer: &d.newer} {
		tree, err := unpack(source, filepath.Join(work, "debian-"+version))
		if err != nil {
			return d, err
		}
		if *deb, err = buildDeb(tree, "clusterctl", version, nil); err != nil {
			return d, err
		}
	}
	// What the build of hello-cluster needs of clusterctl is used without being
	// installed on this machine.
	installed := filepath.Join(work, "installed")
	if _, err := command(work, nil, "dpkg-deb", "-x", d.older, installed); err != nil {
		return d, err
	}
	env := []string{
		"PATH=" + filepath.Join(installed, "usr/bin") + ":" + os.Getenv("PATH"),
		"PERL5LIB=" + filepath.Join(installed, "usr/share/perl5"),
		"DH_AUTOSCRIPTDIR=" + filepath.Join(installed, "usr/share/debhelper/autoscripts"),
	}
	for version, deb := range map[string]*string{"1.0": &d.helloOlder, "1.1": &d.helloNewer} {
		tree, err := unpack(source, filepath.Join(work, "hello-"+version))
		if err != nil {
			return d, err
		}
		example := filepath.Join(tree, "cmd/dist/examples/hello-cluster")
		if *deb, err = buildDeb(example, "hello-cluster", version, env); err != nil {
			return d, err
		}
	}
	return d, nil
})

// buildDeb builds a Debian package of this version without a network, and returns
// the .deb. Go is the one of this machine, so its package is not asked for.
func buildDeb(tree, name, version string, env []string) (string, error) {
	changelog := filepath.Join(tree, "debian/changelog")
	text, err := os.ReadFile(changelog)
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(text), ")")
	if err := os.WriteFile(changelog, []byte(name+" ("+version+")"+rest), 0o644); err != nil {
		return "", err
	}
	cache, err := command(tree, nil, "go", "env", "GOCACHE")
	if err != nil {
		return "", err
	}
	env = append(env, "GOCACHE="+strings.TrimSpace(cache), "GOFLAGS=-mod=vendor", "GOPROXY=off",
		// The size is of the program; a quick build is worth more here.
		"DPKG_DEB_COMPRESSOR_TYPE=gzip", "DPKG_DEB_COMPRESSOR_LEVEL=1")
	if _, err := offline(tree, env, "dpkg-buildpackage", "--no-sign", "--build=binary", "--no-check-builddeps"); err != nil {
		return "", err
	}
	return theOne(filepath.Join(filepath.Dir(tree), fmt.Sprintf("%s_%s_*.deb", name, version)))
}
