package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// fakeExporter stands beside clusterctl in the scripts.
func fakeExporter() {
	fmt.Println("arguments:", os.Args[1:])
	fmt.Fprintln(os.Stderr, "clusterctl-exporter: a word")
	code, _ := strconv.Atoi(os.Getenv("EXPORTER_EXIT"))
	os.Exit(code)
}

func TestFindExporter(t *testing.T) {
	empty, directory, plain, good := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	if err := errors.Join(
		os.Mkdir(filepath.Join(directory, exporterName), 0o755),
		os.WriteFile(filepath.Join(plain, exporterName), nil, 0o644),
		os.WriteFile(filepath.Join(good, exporterName), nil, 0o755),
	); err != nil {
		t.Fatal(err)
	}
	path, err := findExporter([]string{empty, filepath.Join(empty, "none"), directory, plain, good})
	if want := filepath.Join(good, exporterName); path != want || err != nil {
		t.Errorf("got %q, %v, want %q", path, err, want)
	}
	_, err = findExporter([]string{empty, directory, plain})
	var missing *commandError
	if !errors.As(err, &missing) || missing.code != exitFailed || !strings.Contains(missing.hint, "/usr/libexec/clusterctl/clusterctl-exporter") {
		t.Errorf("nothing installed: %#v", err)
	}
}
