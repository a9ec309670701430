package packages

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The example is packaged with rpm as well, through the macros. systemd's own,
// which Debian does not have, only say here what they were given.
func TestRPM_Example(t *testing.T) {
	t.Parallel()
	if _, err := built(); err != nil { // for the clusterctl that the macros call
		t.Fatal(err)
	}
	source, err := tarball()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := unpack(source, filepath.Join(work, "hello-rpm"))
	if err != nil {
		t.Fatal(err)
	}
	top := filepath.Join(work, "rpmbuild")
	env := []string{"PATH=" + filepath.Join(work, "installed/usr/bin") + ":" + os.Getenv("PATH")}
	arguments := []string{"-bb", "--nodeps", "--build-in-place", "--load", filepath.Join(tree, "cmd/dist/rpm/macros.clusterctl"), "--define", "_topdir " + top}
	for _, macro := range []string{"systemd_post", "systemd_preun", "systemd_postun_with_reload"} {
		arguments = append(arguments, "--define", macro+"() "+macro+" %*")
	}
	if _, err := offline(filepath.Join(tree, "cmd/dist/examples/hello-cluster"), env, "rpmbuild", append(arguments, "hello-cluster.spec")...); err != nil {
		t.Fatal(err)
	}
	rpm, err := theOne(filepath.Join(top, "RPMS/*/hello-cluster-*.rpm"))
	if err != nil {
		t.Fatal(err)
	}
	files := list(t, []string{"rpm", "--query", "--list", "--package", rpm})
	for _, want := range []string{
		"/usr/bin/hello-cluster",
		"/usr/lib/clusterctl/hello-cluster.cluster",
		"/usr/lib/systemd/system/hello-cluster@.service",
		"/usr/lib/systemd/system-preset/80-hello-cluster.preset",
	} {
		if !slices.Contains(files, want) {
			t.Errorf("%s is not in %s", want, files)
		}
	}
	scripts := run(t, work, nil, "rpm", "--query", "--scripts", "--package", rpm)
	for _, want := range []string{
		"systemd_post hello-cluster.service hello-cluster@.service",
		"systemd_preun hello-cluster.socket hello-cluster.service",
		"disable hello-cluster@.service",
		"systemd_postun_with_reload hello-cluster.service",
	} {
		if !strings.Contains(scripts, want) {
			t.Errorf("no %q in\n%s", want, scripts)
		}
	}
}
