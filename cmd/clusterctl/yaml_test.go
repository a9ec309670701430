package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestYAML(t *testing.T) {
	for in, want := range map[string]string{
		`{"b":1,"a":"web@1.service"}`:                         "b: 1\na: web@1.service\n",
		`{"workers":[{"unit":"web@1","i":"1"},{"unit":"x"}]}`: "workers:\n  - unit: web@1\n    i: \"1\"\n  - unit: x\n",
		`{"a":{"b":{"c":true}},"d":null}`:                     "a:\n  b:\n    c: true\nd: null\n",
		`[]`:                                                  "[]\n",
		`{"a":[],"b":{},"c":[1,2.5e3]}`:                       "a: []\nb: {}\nc:\n  - 1\n  - 2.5e3\n",
		`[{"a":[{"b":1}]}]`:                                   "- a:\n    - b: 1\n",
		`[[1,2],[3]]`:                                         "-\n  - 1\n  - 2\n-\n  - 3\n",
		`["yes","No","1","","a: b","a #b","- a","line\n","x y","2026-11-26","é","~"]`: `- "yes"
- "No"
- "1"
- ""
- "a: b"
- "a #b"
- "- a"
- "line\n"
- x y
- "2026-11-26"
- "é"
- "~"
`,
	} {
		var got bytes.Buffer
		if err := printYAML(&got, json.RawMessage(in)); err != nil || got.String() != want {
			t.Errorf("%s: %v\n%s\nwanted\n%s", in, err, got.String(), want)
		}
	}
}
