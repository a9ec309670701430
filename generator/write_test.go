package generator

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// setOf is the set of a cluster that a text describes.
func setOf(t *testing.T, name, text string) Set {
	t.Helper()
	c, err := spec.Parse("/etc/clusterctl/"+name+".cluster", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	files, err := Generate(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Set{name, files}
}

// content is what stands in a directory, hidden files too.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(text)
	}
	return files
}

func write(t *testing.T, dir string, sets ...Set) Plan {
	t.Helper()
	plan, err := Write(dir, sets)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func did(plan Plan, did Did) []string {
	var names []string
	for _, c := range plan.Changes {
		if c.Did == did {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return names
}

const (
	oneListener  = plain
	twoListeners = "[Cluster]\nListen=http=8080\nListen=internal=9090\n[Service]\nExecStart=/usr/bin/true --two\n[Slice]\nMemoryMax=1G\n"
)

func TestWrite_OnlyWhatChanges(t *testing.T) {
	dir := t.TempDir()
	if got := did(write(t, dir, setOf(t, "web", oneListener)), Wrote); len(got) != 6 {
		t.Errorf("first wrote %q", got)
	}
	if plan := write(t, dir, setOf(t, "web", oneListener)); !plan.IsDone() {
		t.Errorf("the same again changed %q", did(plan, Wrote))
	}
	plan := write(t, dir, setOf(t, "web", strings.Replace(plain, "8080", "8081", 1)))
	if got := did(plan, Wrote); !slices.Equal(got, []string{"web.socket"}) {
		t.Errorf("another port wrote %q", got)
	}
	if _, err := Write(filepath.Join(dir, "none"), nil); err == nil {
		t.Error("a directory that does not exist was written to")
	}
}

// What a cluster has no use for any more goes; what is not ours, or another
// cluster's, stays.
func TestWrite_RemovesWhatIsStale(t *testing.T) {
	dir := t.TempDir()
	theirs := filepath.Join(dir, "web-internal2.socket")
	if err := os.WriteFile(theirs, []byte("[Socket]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, dir, setOf(t, "web", twoListeners), setOf(t, "web-shop", strings.Replace(plain, "8080", "80", 1)))
	plan := write(t, dir, setOf(t, "web", oneListener))
	if got := did(plan, Removed); !slices.Equal(got, []string{"system-web.slice", "web-internal.socket"}) {
		t.Errorf("removed %q", got)
	}
	left := content(t, dir)
	for _, name := range []string{"web-shop.socket", "web-shop@.service", "web-internal2.socket", "web.socket"} {
		if _, ok := left[name]; !ok {
			t.Errorf("%s has gone", name)
		}
	}
	if len(left) != 6+6+1 {
		t.Errorf("left are %q", slices.Sorted(maps.Keys(left)))
	}
}

func TestWrite_TouchesNoFileOfOthers(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		make       func(path string) error
	}{
		{"a file", `web@.service" exists and was not written by clusterctl`, func(path string) error { return os.WriteFile(path, []byte("[Service]\n"), 0o644) }},
		{"a link", `web@.service" is no file of clusterctl's but a link`, func(path string) error { return os.Symlink(os.DevNull, path) }},
		{"of another cluster", `web@.service" belongs to cluster "other"`, func(path string) error { return os.WriteFile(path, []byte(mark+"other from x: y\n"), 0o644) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := tt.make(filepath.Join(dir, "web@.service")); err != nil {
				t.Fatal(err)
			}
			_, err := Write(dir, []Set{setOf(t, "web", oneListener)})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v", err)
			}
			if left := content(t, dir); len(left) != 1 {
				t.Errorf("something was written all the same: %q", slices.Sorted(maps.Keys(left)))
			}
		})
	}
}

// A run may be killed after any of its steps. The next one, whatever it is asked
// for, finds the old set or the new one, whole.
func TestWrite_KilledAfterAnyStep(t *testing.T) {
	t.Run("a listener less", func(t *testing.T) { killAfterEachStep(t, twoListeners, oneListener) })
	t.Run("a listener more", func(t *testing.T) { killAfterEachStep(t, oneListener, twoListeners) })
	t.Run("the first units", func(t *testing.T) { killAfterEachStep(t, "", oneListener) })
}

func killAfterEachStep(t *testing.T, before, after string) {
	isOld, isNew := whatIsWritten(t, before), whatIsWritten(t, after)
	for killed := 0; ; killed++ {
		dir := t.TempDir()
		writeText(t, dir, before)
		plan, err := NewPlan(dir, []Set{setOf(t, "web", after)})
		if err != nil {
			t.Fatal(err)
		}
		lock, err := lockDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		steps := plan.steps(lock)
		if killed > len(steps) {
			lock.Close()
			return
		}
		for _, step := range steps[:killed] {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		lock.Close() // as the kernel does for a process that was killed
		requireWhole(t, dir)
		write(t, dir) // of no cluster, so it only recovers
		if got := content(t, dir); !maps.Equal(got, isOld) && !maps.Equal(got, isNew) {
			t.Errorf("killed after step %d of %d: %q", killed, len(steps), slices.Sorted(maps.Keys(got)))
		}
	}
}

func whatIsWritten(t *testing.T, text string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	writeText(t, dir, text)
	return content(t, dir)
}

// writeText writes the units of a cluster, or none for no text.
func writeText(t *testing.T, dir, text string) {
	t.Helper()
	if text != "" {
		write(t, dir, setOf(t, "web", text))
	}
}

// requireWhole: even in the middle no unit names one that is missing.
func requireWhole(t *testing.T, dir string) {
	t.Helper()
	files := content(t, dir)
	named := slices.Concat(
		valuesOf([]byte(files["web@.service"]), "Service", "Sockets"),
		valuesOf([]byte(files["web@.service"]), "Service", "Slice"),
		valuesOf([]byte(files["web.service"]), "Unit", "Wants"),
	)
	for name := range strings.FieldsSeq(strings.Join(named, " ")) {
		if _, ok := files[strings.Replace(name, "@%i", "@", 1)]; !ok {
			t.Errorf("%s is named and missing: %q", name, slices.Sorted(maps.Keys(files)))
		}
	}
}

func TestWrite_ManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	sets := []Set{setOf(t, "web", oneListener), setOf(t, "web", twoListeners)}
	var runs sync.WaitGroup
	for i := range 20 {
		runs.Go(func() {
			if _, err := Write(dir, sets[i%2:i%2+1]); err != nil {
				t.Error(err)
			}
		})
	}
	runs.Wait()
	got := content(t, dir)
	if !maps.Equal(got, whatIsWritten(t, oneListener)) && !maps.Equal(got, whatIsWritten(t, twoListeners)) {
		t.Errorf("neither set, but %q", slices.Sorted(maps.Keys(got)))
	}
}

func TestPlan_Diff(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, setOf(t, "web", twoListeners))
	plan, err := NewPlan(dir, []Set{setOf(t, "web", strings.Replace(oneListener, "8080", "8081", 1))})
	if err != nil {
		t.Fatal(err)
	}
	diff := string(plan.Diff())
	for _, want := range []string{
		"\n-ListenStream=8080\n+ListenStream=8081\n",
		"\n--- " + filepath.Join(dir, "web-internal.socket") + "\n+++ /dev/null\n",
		"\n-ExecStart=/usr/bin/true --two\n",
	} {
		if !strings.Contains(diff, want) {
			t.Errorf("the difference has no %q:\n%s", want, diff)
		}
	}
	if left := content(t, dir); len(left) != 8 {
		t.Errorf("a plan changed something: %q", slices.Sorted(maps.Keys(left)))
	}
}
