package generator

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// systemd itself must read each unit without a word of complaint; in TestSystemd
// the newer versions do.
func TestFixtures_PassSystemdAnalyzeVerify(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "--version").Output()
	if err != nil {
		t.Fatalf("%v: apt-get install systemd", err)
	}
	for manager, files := range unitsOfFixtures(t, versionIn(t, string(out))) {
		verify(t, files, manager)
	}
}

func versionIn(t *testing.T, out string) int {
	t.Helper()
	version, err := strconv.Atoi(strings.Fields(out)[1]) // "systemd 252 (252.39-1~deb12u1)"
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// unitsOfFixtures are the units of all fixtures that this systemd knows. Each is a
// cluster with the name of the fixture, so that one run reads them all.
func unitsOfFixtures(t *testing.T, version int) map[Mode][]File {
	t.Helper()
	units := make(map[Mode][]File)
	for _, f := range fixtures(t) {
		if len(f.faults) > 0 || f.options.systemd() > version {
			continue
		}
		f.options.Binary = "/usr/bin/true"
		if f.source.Path == "web.cluster" {
			f.source.Path = f.name + ".cluster"
		}
		files, err := f.generate()
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		units[f.options.manager()] = append(units[f.options.manager()], files...)
	}
	return units
}

func verify(t *testing.T, files []File, manager Mode) {
	t.Helper()
	dir := t.TempDir()
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(dir, file.Name), file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := verifyCommand(dir, files, manager)
	out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
	requireNoComplaint(t, string(out), err)
}

// verifyCommand has systemd-analyze read the files of a directory, and nothing
// else of this host: that has faults of its own.
func verifyCommand(dir string, files []File, manager Mode) []string {
	command := []string{"env", "XDG_RUNTIME_DIR=" + dir, "SYSTEMD_UNIT_PATH=" + dir + ":/usr/lib/systemd/" + string(manager),
		"systemd-analyze", "verify", "--man=no", "--" + string(manager)}
	for _, file := range files {
		command = append(command, filepath.Join(dir, strings.Replace(file.Name, "@.", "@1.", 1)))
	}
	return command
}

// noRelease is what systemd-analyze says of a command in a release: here are none.
var noRelease = regexp.MustCompile(`(?m)^\S+: Command \S+/clusterctl/.* is not executable: No such file or directory\n`)

func requireNoComplaint(t *testing.T, out string, err error) {
	t.Helper()
	if complaints := noRelease.ReplaceAllString(out, ""); complaints != "" || err != nil && out == "" {
		t.Errorf("%v\n%s", err, complaints)
	}
}
