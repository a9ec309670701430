package release_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/clusterctl/clusterctl/units/release"
)

// A new release, a worker that runs it, and the old ones that go.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	store := release.Store{Dir: filepath.Join(dir, "web")}
	for _, name := range []string{"v1", "v2", "v3"} {
		if _, err := store.Add(name, build(dir, name)); err != nil {
			log.Fatal(err)
		}
		if err := store.Switch("1", name); err != nil {
			log.Fatal(err)
		}
	}
	removed, err := store.Prune(1, "v2") // v2 is what an undo goes back to
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("removed", removed)

	all, err := store.List()
	if err != nil {
		log.Fatal(err)
	}
	workers, err := store.Workers()
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range all {
		fmt.Printf("%s, %d bytes, workers %v\n", r.Name, r.Size, workers[r.Name])
	}
	// Output:
	// removed [v1]
	// v3, 15 bytes, workers [1]
	// v2, 15 bytes, workers []
}

// The same again is no error, another tree under the same name is one: a
// release never changes.
func ExampleStore_Add() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	store := release.Store{Dir: filepath.Join(dir, "web")}
	for _, content := range []string{"one", "one", "two"} {
		_, err := store.Add("v1", build(dir, content))
		fmt.Println(content, errors.Is(err, release.ErrOther))
	}
	// Output:
	// one false
	// one false
	// two true
}

// build makes a directory with one program.
func build(dir, version string) string {
	build, err := os.MkdirTemp(dir, "build")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(build, "server"), []byte("#!/bin/sh\n# "+version+"\n"), 0o755); err != nil {
		log.Fatal(err)
	}
	return build
}
