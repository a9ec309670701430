package spec

import "slices"

// Last is the value that holds of a key that may stand once: the last one, ""
// if there is none.
func Last(settings []Setting, key string) string {
	for _, s := range slices.Backward(settings) {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// All are the values that hold of a key that makes a list: an empty value
// forgets those before it (systemd.syntax(7)).
func All(settings []Setting, key string) []string {
	var values []string
	for _, s := range settings {
		switch {
		case s.Key != key:
		case s.Value == "":
			values = nil
		default:
			values = append(values, s.Value)
		}
	}
	return values
}

// Has says that a key is there, be it with an empty value.
func Has(settings []Setting, key string) bool {
	return slices.ContainsFunc(settings, func(s Setting) bool { return s.Key == key })
}
