package packages

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// lintian says nothing, of the source, of what is built of it, of nfpm's package
// and of the example. What is overridden stands with its reason in debian/.
func TestLintian(t *testing.T) {
	t.Parallel()
	d, err := built()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := nfpmPackages()
	if err != nil {
		t.Fatal(err)
	}
	nfpm, err := theOne(filepath.Join(dir, "*.deb"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := command(work, nil, "lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0",
		d.newer, nfpm, d.helloNewer, sourcePackage(t))
	if err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("%v\n%s", err, out)
	}
}

// sourcePackage is Debian's source package, the .dsc of it.
func sourcePackage(t *testing.T) string {
	t.Helper()
	source, err := tarball()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(work, "source")
	tree, err := unpack(source, dir)
	if err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "cp", source, "clusterctl_0.1.0.orig.tar.gz")
	run(t, dir, nil, "dpkg-source", "--build", tree)
	return filepath.Join(dir, "clusterctl_0.1.0-1.dsc")
}

func TestRpmlint(t *testing.T) {
	t.Parallel()
	dir, err := nfpmPackages()
	if err != nil {
		t.Fatal(err)
	}
	rpm, err := theOne(filepath.Join(dir, "*.rpm"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := command(work, []string{"PATH=" + relativeCpio(t) + ":" + os.Getenv("PATH")}, "rpmlint", "--config", filepath.Join(stage.Root(), "cmd/dist/rpm/rpmlint.toml"), rpm)
	if err != nil || !strings.Contains(out, "0 errors, 0 warnings") {
		t.Errorf("%v\n%s", err, out)
	}
}

// relativeCpio is a directory with a cpio that keeps to where it was started. The
// paths in packages of nfpm are absolute, and rpmlint unpacks them with "cpio -id":
// over this machine's own files.
func relativeCpio(t *testing.T) string {
	t.Helper()
	cpio, err := exec.LookPath("cpio")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	wrapper := fmt.Sprintf("#!/bin/sh\nexec %s --no-absolute-filenames \"$@\"\n", cpio)
	if err := os.WriteFile(filepath.Join(dir, "cpio"), []byte(wrapper), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// cluster is whatever would start, stop or reload more than the exporter.
var cluster = regexp.MustCompile(`(?:start|stop|restart|reload|kill|disable|isolate)\b[^\n]*\.(?:service|socket|target|slice)`)

// Scriptlets are shell without a mistake, and touch no unit but the exporter's.
func TestScriptlets(t *testing.T) {
	t.Parallel()
	scripts := scriptlets(t)
	if len(scripts) < 10 {
		t.Fatalf("scriptlets: %d", len(scripts))
	}
	for name, text := range scripts {
		check := exec.CommandContext(t.Context(), "bash", "-n") // as pacman's are
		if !strings.HasPrefix(name, "archlinux ") {
			check = exec.CommandContext(t.Context(), "dash", "-n")
		}
		check.Stdin = strings.NewReader(text)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, out, text)
		}
		for _, found := range cluster.FindAllString(text, -1) {
			if rest := strings.NewReplacer("clusterctl-exporter.service", "", "clusterctl-exporter.socket", "").Replace(found); strings.Contains(rest, ".service") || strings.Contains(rest, ".socket") {
				t.Errorf("%s: %s", name, found)
			}
		}
	}
}

// scriptlets are those of every package, by packager and name.
func scriptlets(t *testing.T) map[string]string {
	t.Helper()
	d, err := built()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := nfpmPackages()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	unpack := func(packager string, names []string, command ...string) {
		to := t.TempDir()
		run(t, to, nil, command[0], command[1:]...)
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(to, name))
			if err != nil {
				t.Fatalf("%s has no scriptlet %s: %v", packager, name, err)
			}
			all[packager+" "+name] = string(text)
		}
	}
	nfpm := func(pattern string) string {
		path, err := theOne(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	debian := []string{"postinst", "prerm", "postrm"}
	unpack("debian", debian, "dpkg-deb", "--control", d.newer, ".")
	unpack("deb", debian, "dpkg-deb", "--control", nfpm("*.deb"), ".")
	unpack("apk", []string{".post-install", ".post-upgrade", ".pre-deinstall"}, "bsdtar", "-xf", nfpm("*.apk"))
	unpack("archlinux", []string{".INSTALL"}, "bsdtar", "-xf", nfpm("*.pkg.tar.zst"))
	for _, tag := range []string{"POSTIN", "PREUN", "POSTUN"} {
		text := run(t, work, nil, "rpm", "--query", "--queryformat", "%{"+tag+"}", "--package", nfpm("*.rpm"))
		if strings.TrimSpace(text) == "" || text == "(none)" {
			t.Errorf("rpm has no scriptlet %s", tag)
		}
		all["rpm "+tag] = text
	}
	return all
}
