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
	for line, want := range map[string][]span{
		"":                       nil,
		"   ":                    nil,
		"plain":                  {{0, "", "plain"}},
		"  web  active":          {{2, "", "web  active"}},
		"a \x1b[32mok\x1b[0m  b": {{0, "", "a"}, {2, "g", "ok"}, {6, "", "b"}},
		"\x1b[1m\x1b[31mbad":     {{0, "b r", "bad"}},
		"\x1b[1;33mx\x1b[39my":   {{0, "b y", "x"}, {1, "", "y"}},
		"↑↓ \x1b[2mé\x1b[0m":     {{0, "", "↑↓"}, {3, "d", "é"}},
	} {
		if got := spans(line); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
}

func TestRender_IsXML(t *testing.T) {
	svg := render("a <title>", []string{`web & "co" <x>`, "\x1b[32mok\x1b[0m"}, 20)
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
