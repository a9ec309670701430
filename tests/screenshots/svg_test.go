package main

import (
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestSpans(t *testing.T) {
	bold, green := look{weight: "b"}, look{colour: "g"}
	for line, want := range map[string]struct {
		spans []span
		end   look
	}{
		"":                              {nil, look{}},
		"   ":                           {nil, look{}},
		"plain text":                    {[]span{{0, look{}, "plain text"}}, look{}},
		"  web  active":                 {[]span{{2, look{}, "web"}, {7, look{}, "active"}}, look{}},
		"a \x1b[32mok\x1b[0m  b":        {[]span{{0, look{}, "a"}, {2, green, "ok"}, {6, look{}, "b"}}, look{}},
		"\x1b[1m\x1b[31;49mbad":         {[]span{{0, look{"b", "r"}, "bad"}}, look{"b", "r"}},
		"\x1b[1;33mx\x1b[39my\x1b[22mz": {[]span{{0, look{"b", "y"}, "x"}, {1, bold, "y"}, {2, look{}, "z"}}, look{}},
		"↑↓ \x1b[2mé\x1b[m":             {[]span{{0, look{}, "↑↓"}, {3, look{weight: "d"}, "é"}}, look{}},
	} {
		if got, end := spans(line, look{}); !reflect.DeepEqual(got, want.spans) || end != want.end {
			t.Errorf("%q: %+v and then %q, want %+v", line, got, end, want)
		}
	}
}

func TestRender_IsXML(t *testing.T) {
	svg := render("a <title>", []string{`web & "co" <x>` + "\x1b[32m", "ok\x1b[0m"}, 20)
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
	for _, want := range []string{`viewBox="0 0 196 64"`, `<text x="14.0" y="45" class="g">ok</text>`} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
}
