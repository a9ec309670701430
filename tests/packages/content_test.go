package packages

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// everywhere is what every package has, beside what is globbed below.
var everywhere = []string{
	"/usr/bin/clusterctl",
	"/usr/lib/systemd/system-generators/clusterctl-generator",
	"/usr/lib/systemd/user-generators/clusterctl-generator",
	"/usr/lib/tmpfiles.d/clusterctl.conf",
	"/usr/share/bash-completion/completions/clusterctl",
	"/usr/share/fish/vendor_completions.d/clusterctl.fish",
	"/usr/share/doc/clusterctl/README.md",
	"/usr/share/doc/clusterctl/doc/contract.md",
	"/usr/share/doc/clusterctl/examples/polkit/50-clusterctl.rules",
	"/usr/share/doc/clusterctl/examples/web.cluster",
	"/usr/share/doc/clusterctl/examples/hello-cluster/main.go",
	"/etc/clusterctl",
}

// placed is where the files of a directory of the repository go.
var placed = map[string]string{
	"cmd/dist/man/*.1":                "/usr/share/man/man1/*.gz",
	"cmd/dist/man/*.5":                "/usr/share/man/man5/*.gz",
	"cmd/dist/man/*.7":                "/usr/share/man/man7/*.gz",
	"cmd/dist/man/*.8":                "/usr/share/man/man8/*.gz",
	"cmd/dist/doc/*.md":               "/usr/share/doc/clusterctl/doc/*",
	"cmd/dist/systemd/*.service":      "/usr/lib/systemd/system/*",
	"cmd/dist/systemd/*.socket":       "/usr/lib/systemd/system/*",
	"cmd/dist/systemd/*.preset":       "/usr/lib/systemd/system-preset/*",
	"cmd/dist/sysusers.d/*":           "/usr/lib/sysusers.d/*",
	"cmd/clusterctl-exporter/main.go": "/usr/libexec/clusterctl/clusterctl-exporter",
	"cmd/dist/prometheus/*":           "/usr/share/doc/clusterctl/examples/prometheus/*",
}

// debOnly and rpmOnly are for those who package clusters.
var (
	debOnly = []string{
		"/usr/bin/dh_clusterctl", "/usr/share/man/man1/dh_clusterctl.1.gz",
		"/usr/share/perl5/Debian/Debhelper/Sequence/clusterctl.pm",
		"/usr/share/debhelper/autoscripts/postinst-clusterctl",
		"/usr/share/zsh/vendor-completions/_clusterctl",
		"/usr/share/doc/clusterctl/copyright", "/usr/share/doc/clusterctl/THIRD-PARTY",
		"/usr/share/lintian/overrides/clusterctl",
	}
	rpmOnly = []string{
		"/usr/lib/rpm/macros.d/macros.clusterctl",
		"/usr/share/zsh/site-functions/_clusterctl",
		"/usr/share/licenses/clusterctl/LICENSE", "/usr/share/licenses/clusterctl/THIRD-PARTY",
	}
	otherOnly = []string{
		"/usr/share/zsh/site-functions/_clusterctl",
		"/usr/share/licenses/clusterctl/LICENSE", "/usr/share/licenses/clusterctl/THIRD-PARTY",
	}
)

func TestContents(t *testing.T) {
	t.Parallel()
	d, err := built()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := nfpmPackages()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]struct {
		pattern string
		list    []string
		own     []string
	}{
		"debian":    {d.newer, []string{"sh", "-c", `dpkg-deb --fsys-tarfile "$1" | tar -t`, "list"}, debOnly},
		"deb":       {filepath.Join(dir, "*.deb"), []string{"sh", "-c", `dpkg-deb --fsys-tarfile "$1" | tar -t`, "list"}, debOnly},
		"rpm":       {filepath.Join(dir, "*.rpm"), []string{"rpm", "--query", "--list", "--package"}, rpmOnly},
		"apk":       {filepath.Join(dir, "*.apk"), []string{"bsdtar", "-tf"}, otherOnly},
		"archlinux": {filepath.Join(dir, "*.pkg.tar.zst"), []string{"bsdtar", "-tf"}, otherOnly},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := theOne(p.pattern)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %.2f MB", filepath.Base(file), float64(info.Size())/(1<<20))
			paths := list(t, append(p.list, file))
			for _, want := range slices.Concat(everywhere, installed(t), p.own) {
				if !slices.Contains(paths, want) {
					t.Errorf("%s is not in the package", want)
				}
			}
			for _, path := range paths {
				if strings.HasPrefix(path, "/usr/local") || strings.HasPrefix(path, "/lib/") || strings.Contains(path, "/.git") {
					t.Errorf("%s is in the package", path)
				}
			}
		})
	}
}

// list is what a package holds, as absolute paths.
func list(t *testing.T, command []string) []string {
	t.Helper()
	var paths []string
	for path := range strings.FieldsSeq(run(t, work, nil, command[0], command[1:]...)) {
		paths = append(paths, "/"+strings.Trim(strings.TrimPrefix(path, "./"), "/"))
	}
	return paths
}

// installed are the files that the repository has at the moment, where they go.
func installed(t *testing.T) []string {
	t.Helper()
	root := filepath.Join(work, "repository")
	var paths []string
	for from, to := range placed {
		files, err := filepath.Glob(filepath.Join(root, from))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			paths = append(paths, strings.Replace(to, "*", filepath.Base(file), 1))
		}
	}
	return paths
}

// Both packages for Debian have the same files with the same modes: who goes from
// one to the other notices nothing.
func TestContents_BothDebs(t *testing.T) {
	t.Parallel()
	d, err := built()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := nfpmPackages()
	if err != nil {
		t.Fatal(err)
	}
	other, err := theOne(filepath.Join(dir, "*.deb"))
	if err != nil {
		t.Fatal(err)
	}
	modes := func(deb string) []string {
		out := run(t, work, nil, "sh", "-c", `dpkg-deb --fsys-tarfile "$1" | tar -tv | awk '$6 != "./" {print $1, $2, $6, $7, $8}' | sort -k3`, "modes", deb)
		// The changelog of a package without a Debian revision has another name.
		out = strings.ReplaceAll(out, "changelog.Debian.gz", "changelog.gz")
		return strings.Split(strings.ReplaceAll(out, "l---------", "lrwxrwxrwx"), "\n")
	}
	ours, theirs := modes(d.newer), modes(other)
	for _, line := range ours {
		if !slices.Contains(theirs, line) {
			t.Errorf("only debian/ has %s", line)
		}
	}
	for _, line := range theirs {
		if !slices.Contains(ours, line) {
			t.Errorf("only nfpm's has %s", line)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`)

// The pages that are installed lead to one another, and not back into a repository.
func TestContents_Links(t *testing.T) {
	t.Parallel()
	d, err := built()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run(t, dir, nil, "dpkg-deb", "-x", d.newer, dir)
	doc := filepath.Join(dir, "usr/share/doc/clusterctl")
	pages := strings.Fields(run(t, doc, nil, "find", ".", "-name", "*.md"))
	if len(pages) < 5 {
		t.Fatalf("pages: %q", pages)
	}
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(doc, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if target := match[1]; !strings.Contains(target, "://") {
				if _, err := os.Stat(filepath.Join(doc, filepath.Dir(page), target)); err != nil {
					t.Errorf("%s leads to %s: %v", page, target, err)
				}
			}
		}
	}
}
