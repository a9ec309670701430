package release

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A digest that was recorded years ago has to be the digest still.
func TestDigest_IsTheOneOfTheFirstRelease(t *testing.T) {
	dir := tree(t, map[string]string{"bin/server": "#!/bin/sh\n", "a b": "", "environment": "A=1\n"})
	if err := os.Symlink("bin/server", filepath.Join(dir, "current")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "environment"), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "sha256:9979079074a99e7edd0f2e129b35f5d2b6f2b753dc1c757fb6c94e8cfeffbf9a"
	if got, size, err := Digest(dir); err != nil || got != want || size != 14 {
		t.Errorf("Digest = %s, %d, %v; want %s, 14", got, size, err, want)
	}
}

func TestDigest_TellsTreesApart(t *testing.T) {
	seen := make(map[string]string)
	for name, change := range map[string]func(dir string) error{
		"nothing":        func(string) error { return nil },
		"content":        func(dir string) error { return os.WriteFile(dir+"/f", []byte("g"), 0o755) },
		"mode":           func(dir string) error { return os.Chmod(dir+"/f", 0o700) },
		"name":           func(dir string) error { return os.Rename(dir+"/f", dir+"/g") },
		"directory":      func(dir string) error { return os.Mkdir(dir+"/d", 0o755) },
		"directory mode": func(dir string) error { return os.Mkdir(dir+"/d", 0o700) },
		"link":           func(dir string) error { return os.Symlink("f", dir+"/l") },
		"link elsewhere": func(dir string) error { return os.Symlink("f ", dir+"/l") },
		"file as link":   func(dir string) error { return os.WriteFile(dir+"/l", []byte("f"), 0o777) },
	} {
		dir := tree(t, map[string]string{"f": "f"})
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		digest, _, err := Digest(dir)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[digest]; ok {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[digest] = name
	}
}

func TestAdd_RefusesWhatIsNoFile(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(path string) error
		want string
	}{
		"fifo":   {func(path string) error { return syscall.Mkfifo(path, 0o644) }, `entry "odd": is neither a file, a directory nor a link (prw-r--r--)`},
		"socket": {func(path string) error { return syscall.Mknod(path, syscall.S_IFSOCK|0o644, 0) }, `entry "odd": is neither a file, a directory nor a link (Srw-r--r--)`},
		"setgid": {func(path string) error {
			if err := os.WriteFile(path, nil, 0o755); err != nil {
				return err
			}
			return os.Chmod(path, 0o755|os.ModeSetgid)
		}, `entry "odd": is setuid or setgid (grwxr-xr-x), wanted neither`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := tt.make(filepath.Join(dir, "odd")); err != nil {
				t.Fatal(err)
			}
			_, err := Store{Dir: t.TempDir()}.Add("v1", dir)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAdd_TakesWhatALinkLeadsTo(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	build := tree(t, map[string]string{"bin/server": "one"})
	current := filepath.Join(t.TempDir(), "current")
	if err := os.Symlink(build, current); err != nil {
		t.Fatal(err)
	}
	direct, err := store.Add("direct", build)
	if err != nil {
		t.Fatal(err)
	}
	if linked, err := store.Add("linked", current); err != nil || linked.Digest != direct.Digest {
		t.Errorf("by a link: %+v, %v; want the digest %s", linked, err, direct.Digest)
	}
}

func TestAdd_RefusesADirectoryThatHoldsTheStore(t *testing.T) {
	dir := tree(t, map[string]string{"bin/server": "one"})
	if _, err := (Store{Dir: filepath.Join(dir, "var/web")}).Add("v1", dir); err == nil || !strings.Contains(err.Error(), "the directory holds the store itself") {
		t.Errorf("error %v", err)
	}
}

func TestAdd_KeepsTimesAndModesWhateverTheUmask(t *testing.T) {
	built := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	dir := tree(t, map[string]string{"lib/app.py": "lib/app.py"})
	if err := os.Chtimes(filepath.Join(dir, "lib/app.py"), built, built); err != nil {
		t.Fatal(err)
	}
	packed := write(t, archive(t, tar.Header{Name: "lib/app.py", ModTime: built})) // the directory is left unsaid
	t.Cleanup(func(mask int) func() { return func() { syscall.Umask(mask) } }(syscall.Umask(0o077)))
	store := Store{Dir: t.TempDir()}
	copied, err := store.Add("copied", dir)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := store.AddArchive("unpacked", packed, "")
	if err != nil {
		t.Fatal(err)
	}
	if want, _, err := Digest(dir); err != nil || copied.Digest != want || unpacked.Digest != want {
		t.Errorf("digests: copied %s, unpacked %s, want %s (%v)", copied.Digest, unpacked.Digest, want, err)
	}
	for _, name := range []string{"copied", "unpacked"} {
		info, err := os.Stat(filepath.Join(store.path(name), "lib/app.py"))
		if err != nil || !info.ModTime().Equal(built) {
			t.Errorf("%s: a file of %v (%v), want %v", name, info.ModTime(), err, built)
		}
		if root, err := os.Stat(store.path(name)); err != nil || root.Mode().Perm() != 0o755 {
			t.Errorf("%s: workers can't enter: %v, %v", name, root.Mode(), err)
		}
	}
}

func TestVerify(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	if _, err := store.Add("v1", tree(t, map[string]string{"bin/server": "one"})); err != nil {
		t.Fatal(err)
	}
	if err := store.Verify("v1"); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(store.path("v1"), "bin/server"), []byte("two"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := store.Verify("v1"); err == nil || !strings.Contains(err.Error(), `release "v1": its files were changed since it was added: the digest is sha256:`) {
		t.Errorf("error %v", err)
	}
}
