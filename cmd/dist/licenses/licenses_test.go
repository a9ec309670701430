package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

// debian/copyright names every vendored module, so that Debian's reviewers and we
// see at once what a new dependency brings.
func TestCopyright(t *testing.T) {
	var want bytes.Buffer
	if err := writeCopyright(t.Context(), &want, root); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "debian/copyright"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("debian/copyright is not what go.mod says: run go run ./cmd/dist/licenses -copyright >debian/copyright")
	}
}

// The notices have the terms of each module that go list finds in the programs.
func TestNotices(t *testing.T) {
	var text bytes.Buffer
	if err := writeNotices(t.Context(), &text, root); err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(strings.ReplaceAll(string(out), " ", "@"))
	if len(modules) == 0 {
		t.Fatal("go list finds no module")
	}
	for _, module := range append(modules, "go@(standard library)") {
		if !strings.Contains(text.String(), "\n"+strings.Replace(module, "@", " ", 1)+": ") {
			t.Errorf("the notices have no %s", module)
		}
	}
}

func TestList(t *testing.T) {
	var text bytes.Buffer
	modules := []module{{Path: "a", Version: "v1", Licenses: []license{{File: "LICENSE", Text: goLicense}, {File: "NOTICE", Text: "thanks"}}}}
	if err := list(&text, modules); err != nil || text.String() != "a  v1  BSD-3-Clause\n" {
		t.Errorf("%q, %v", text.String(), err)
	}
	if err := list(&text, []module{{Path: "b", Version: "v1"}}); err == nil {
		t.Error("a module without a licence is listed")
	}
}

func TestSPDX(t *testing.T) {
	for text, want := range map[string]string{
		goLicense: "BSD-3-Clause",
		"Apache License\n   Version 2.0, January 2004":                                  "Apache-2.0",
		"Permission is hereby granted, free of charge, to any\nperson obtaining a copy": "MIT",
		"All rights reserved. You may not copy this.":                                   "",
		"GNU GENERAL PUBLIC LICENSE Version 3":                                          "",
	} {
		if got, _ := (license{Text: text}).spdx(); got != want {
			t.Errorf("%.40q is %q, wanted %q", text, got, want)
		}
	}
}

func TestHolders(t *testing.T) {
	text := "The MIT License (MIT)\n\nCopyright (c) 2014 Coda Hale\n// Copyright © 2015, 2016 The Others. All rights reserved.\n\nThe above copyright notice shall be included"
	if got := strings.Join(license{Text: text}.holders(), "|"); got != "2014 Coda Hale|2015, 2016 The Others." {
		t.Errorf("holders: %s", got)
	}
}

func TestUnknownTerms(t *testing.T) {
	for want, m := range map[string]module{
		`a v1: the licence in "sub/LICENSE" is none of those that are known`: {Path: "a", Version: "v1", Licenses: []license{{File: "LICENSE", Text: goLicense}, {Dir: "sub", File: "LICENSE", Text: "mine"}}},
		`b v1: it states no licence`:                                         {Path: "b", Version: "v1"},
	} {
		if err := m.check(); err == nil || err.Error() != want {
			t.Errorf("%v, wanted %s", err, want)
		}
	}
}
