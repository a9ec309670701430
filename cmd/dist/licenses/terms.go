package main

import (
	"fmt"
	"regexp"
	"strings"
)

// known are the licences that may be linked in, by their SPDX names, told apart
// by what only their text says. The first that fits holds.
var known = []struct{ name, phrase string }{
	{"Apache-2.0", "Apache License Version 2.0"},
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD-3-Clause", "Neither the name of"},
	{"BSD-2-Clause", "Redistribution and use in source and binary forms"},
}

var blanks = regexp.MustCompile(`\s+`)

// spdx is the name of a licence.
func (l license) spdx() (string, bool) {
	text := strings.ToLower(blanks.ReplaceAllString(l.Text, " "))
	for _, k := range known {
		if strings.Contains(text, strings.ToLower(k.phrase)) {
			return k.name, true
		}
	}
	return "", false
}

// isNotice says that the file adds to the terms of another one (section 4 of the
// Apache licence).
func (l license) isNotice() bool { return strings.HasPrefix(strings.ToUpper(l.File), "NOTICE") }

// check says that the terms of a module are known.
func (m module) check() error {
	whole := false
	for _, l := range m.Licenses {
		if l.isNotice() {
			continue
		}
		whole = whole || l.Dir == ""
		if _, ok := l.spdx(); !ok {
			return fmt.Errorf("%s %s: the licence in %q is none of those that are known", m.Path, m.Version, l.Dir+"/"+l.File)
		}
	}
	if !whole {
		return fmt.Errorf("%s %s: it states no licence", m.Path, m.Version)
	}
	return nil
}

// holder is a line such as "Copyright (c) 2012, 2013 Ugorji Nwoke."
var holder = regexp.MustCompile(`(?im)^[\s*#/]*Copyright:?\s+((?:\(c\)|©)?\s*\d{4}.*|(?:\(c\)|©)\s*.+)$`)

// holders are who has the copyright, as the text says it.
func (l license) holders() []string {
	var all []string
	for _, match := range holder.FindAllStringSubmatch(l.Text, -1) {
		who := strings.TrimSpace(match[1])
		for _, sign := range []string{"(c)", "(C)", "©"} {
			who = strings.TrimSpace(strings.TrimPrefix(who, sign))
		}
		all = append(all, strings.TrimSpace(strings.TrimSuffix(who, "All rights reserved.")))
	}
	return all
}
