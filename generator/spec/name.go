package spec

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// pattern builds an expression when it is first asked for: most commands parse no
// file, and none should wait for it.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

var namePattern = pattern(`^[A-Za-z0-9][A-Za-z0-9_.:-]*$`)

// longestName keeps the longest unit of a cluster within systemd's limit of 255
// characters for a unit name (systemd.unit(5)).
const longestName = 128

// ValidateName says what is wrong with the name of a cluster, if anything.
func ValidateName(name string) error {
	if !namePattern().MatchString(name) || len(name) > longestName {
		return fmt.Errorf(`cluster name %q: wanted letters, digits, "_", "-", "." and ":", the first a letter or a digit, at most %d`, name, longestName)
	}
	for _, suffix := range []string{".service", ".socket", ".slice", ".cluster"} {
		if before, ok := strings.CutSuffix(name, suffix); ok {
			return fmt.Errorf("cluster name %q: wanted the name without the suffix of a unit: %q", name, before)
		}
	}
	if before, ok := strings.CutSuffix(name, "-activate"); ok {
		return fmt.Errorf("cluster name %q: %s.service would be the unit that starts a cluster %q, wanted another name", name, name, before)
	}
	return nil
}
