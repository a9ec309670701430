package release

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, made := range []string{path, filepath.Dir(path)} { // whatever the umask
			if err := os.Chmod(made, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestAdd_IsIdempotentAndNeverReplaces(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	one := tree(t, map[string]string{"bin/server": "one", "environment": "A=1"})
	first, err := store.Add("v1", one)
	if err != nil {
		t.Fatal(err)
	}
	again, err := store.Add("v1", one)
	if err != nil || again != first {
		t.Errorf("the same again: %+v, %v; want %+v", again, err, first)
	}
	if _, err := store.Add("v1", tree(t, map[string]string{"bin/server": "two"})); !errors.Is(err, ErrOther) {
		t.Errorf("another tree under the same name: %v", err)
	}
	content, err := os.ReadFile(filepath.Join(store.Dir, "releases/v1/bin/server"))
	if err != nil || string(content) != "one" {
		t.Errorf("the release holds %q (%v)", content, err)
	}
	all, err := store.List()
	if err != nil || len(all) != 1 || all[0] != first {
		t.Errorf("list: %+v, %v", all, err)
	}
}

func TestAdd_RefusesWhatDoesNotStayInside(t *testing.T) {
	for name, points := range map[string]string{"absolute": "/etc/passwd", "upwards": "../../etc/passwd"} {
		t.Run(name, func(t *testing.T) {
			store := Store{Dir: t.TempDir()}
			dir := tree(t, map[string]string{"bin/server": ""})
			if err := os.Symlink(points, filepath.Join(dir, "bin", "link")); err != nil {
				t.Fatal(err)
			}
			_, err := store.Add("v1", dir)
			if err == nil || !strings.Contains(err.Error(), `entry "bin/link": is a link to "`+points+`", wanted one that stays inside`) {
				t.Errorf("error %v", err)
			}
			if all, err := store.List(); err != nil || len(all) != 0 {
				t.Errorf("a release is visible: %v, %v", all, err)
			}
		})
	}
}

func TestSwitch(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	for _, absent := range []string{"v1", "", ".", "..", ".tmp-1", "../releases/v1"} {
		if err := store.Switch("1", absent); err == nil {
			t.Errorf("switched to %q, which is not there", absent)
		}
	}
	for _, instance := range []string{"", ".", "..", "../1", "a/b"} {
		if err := store.Switch(instance, "v1"); err == nil || !strings.Contains(err.Error(), "wanted an instance name") {
			t.Errorf("instance %q: %v", instance, err)
		}
	}
	for _, name := range []string{"v1", "v2"} {
		if _, err := store.Add(name, tree(t, map[string]string{"name": name})); err != nil {
			t.Fatal(err)
		}
		if err := store.Switch("1", name); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(store.Dir, "workers/1/name"))
		if current, currentErr := store.Current("1"); err != nil || currentErr != nil || string(content) != name || current != name {
			t.Errorf("the link leads to %q and is called %q (%v, %v), want %q", content, current, err, currentErr, name)
		}
	}
	if err := store.Forget("1"); err != nil {
		t.Error(err)
	}
	if current, err := store.Current("1"); err != nil || current != "" {
		t.Errorf("after Forget: %q, %v", current, err)
	}
}

func TestValidateName(t *testing.T) {
	for name, valid := range map[string]bool{
		"v1.2.3": true, "2026-11-23_a+b": true, "": false, ".": false, "..": false, "-x": false, "a/b": false, "a\nb": false,
		strings.Repeat("a", 128): true, strings.Repeat("a", 129): false,
	} {
		if err := ValidateName(name); (err == nil) != valid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestStore_ADirectoryThatNobodyAddedIsNoRelease(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	if err := os.MkdirAll(store.path("v1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if all, err := store.List(); err != nil || len(all) != 0 {
		t.Errorf("list: %+v, %v", all, err)
	}
	if _, err := store.Add("v1", tree(t, map[string]string{"bin/server": "one"})); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("added over it: %v", err)
	}
	if all, err := store.List(); err != nil || len(all) != 0 {
		t.Errorf("list after Add: %+v, %v", all, err)
	}
}
