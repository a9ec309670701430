package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPagerCommand(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	unset := func(names ...string) {
		for _, name := range names {
			t.Setenv(name, "") // put back at the end of the test
			os.Unsetenv(name)
		}
	}
	wanted := func(what, want string) {
		t.Helper()
		if got := pagerCommand(); got != want {
			t.Errorf("%s: %q, wanted %q", what, got, want)
		}
	}
	unset("SYSTEMD_PAGER", "PAGER")
	wanted("no pager on this host", "")
	for _, name := range []string{"more", "less"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		wanted("installed", name)
	}
	t.Setenv("PAGER", "most -w")
	wanted("PAGER", "most -w")
	t.Setenv("SYSTEMD_PAGER", "less -S")
	wanted("SYSTEMD_PAGER first", "less -S")
	for _, none := range []string{"", "cat"} {
		t.Setenv("SYSTEMD_PAGER", none)
		wanted("none, as systemctl has it", "")
	}
}
