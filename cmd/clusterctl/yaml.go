package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// printYAML prints what -o json prints, in YAML: the names and their order are
// the same. (A library for all of YAML would cost every command a tenth of its
// start.)
func printYAML(w io.Writer, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var text bytes.Buffer
	if err := writeYAML(&text, decoder, ""); err != nil {
		return err
	}
	_, err = w.Write(append(bytes.TrimLeft(text.Bytes(), "\n "), '\n'))
	return err
}

// writeYAML writes the next value of the decoder: a scalar behind a blank, the
// members of an object or an array on lines of their own.
func writeYAML(w *bytes.Buffer, decoder *json.Decoder, indent string) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	open, ok := token.(json.Delim)
	if !ok {
		fmt.Fprintf(w, " %s", yamlScalar(token))
		return nil
	}
	if !decoder.More() {
		fmt.Fprintf(w, " %s", map[json.Delim]string{'{': "{}", '[': "[]"}[open])
	}
	for first := true; decoder.More(); first = false {
		if open == '[' {
			fmt.Fprintf(w, "\n%s-", indent)
			if err := writeYAML(w, decoder, indent+"  "); err != nil {
				return err
			}
			continue
		}
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		// The first member of an object in a list stands behind the dash.
		if first && bytes.HasSuffix(w.Bytes(), []byte("-")) {
			fmt.Fprintf(w, " %s:", yamlScalar(name))
		} else {
			fmt.Fprintf(w, "\n%s%s:", indent, yamlScalar(name))
		}
		if err := writeYAML(w, decoder, indent+"  "); err != nil {
			return err
		}
	}
	_, err = decoder.Token() // what closes it
	return err
}

// plainYAML are strings that mean themselves without quotes.
var plainYAML = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_/@.,()=-]*( [A-Za-z0-9_/@.,()=-]+)*$`)
})

// yamlWords mean something else without quotes, in YAML 1.1 too.
var yamlWords = []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}

func yamlScalar(token json.Token) string {
	text, ok := token.(string)
	switch {
	case token == nil:
		return "null"
	case !ok:
		return fmt.Sprint(token)
	case plainYAML().MatchString(text) && !slices.Contains(yamlWords, strings.ToLower(text)):
		return text
	}
	quoted, _ := json.Marshal(text) // a string of JSON is one of YAML; strings can't fail
	return string(quoted)
}
