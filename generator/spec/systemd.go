package spec

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// OldestSystemd is the oldest systemd that the units are for.
const OldestSystemd = 252

// systemdKeys has a line for each setting of systemd up to 262: its section, its
// name, and the version that it came with if that is after OldestSystemd. It is
// "systemd --dump-configuration-items" of 252, 257 and 262, and the "Added in
// version" of the manual pages.
//
//go:embed systemd.txt
var systemdKeys string

type sectionKey struct{ section, key string }

var systemdSettings = sync.OnceValue(func() map[sectionKey]int {
	known := make(map[sectionKey]int, strings.Count(systemdKeys, "\n"))
	for line := range strings.Lines(systemdKeys) {
		words := append(strings.Fields(line), strconv.Itoa(OldestSystemd))
		since, _ := strconv.Atoi(words[2]) // the file is ours; a test reads it
		known[sectionKey{words[0], words[1]}] = since
	}
	return known
})

// Since is the systemd that a setting came with, OldestSystemd for all older
// ones. A setting that came after this program was made is not known.
func Since(section, key string) (version int, known bool) {
	version, known = systemdSettings()[sectionKey{section, key}]
	return version, known
}

// misspelled is the setting that was meant, if the key is none and looks like
// one. Other unknown keys are systemd's to judge: it may be newer.
func misspelled(section, key string) string {
	if _, known := Since(section, key); known || strings.HasPrefix(key, "X-") {
		return ""
	}
	var names []string
	for setting := range systemdSettings() {
		if setting.section == section {
			names = append(names, setting.key)
		}
	}
	slices.Sort(names)
	return nearest(key, names, 2)
}
