package spec

import (
	_ "embed"
	"fmt"
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

// SystemdSetting is a setting of systemd in one of its sections.
type SystemdSetting struct {
	Section, Key string
	Since        int // the version of systemd
}

// SettingsNamed are the settings of this name, whatever its case, in the sections
// that a .cluster file passes on.
func SettingsNamed(name string) []SystemdSetting {
	var all []SystemdSetting
	for _, section := range Passed {
		for setting, since := range systemdSettings() {
			if setting.section == section && strings.EqualFold(setting.key, name) {
				all = append(all, SystemdSetting{setting.section, setting.key, since})
			}
		}
	}
	return all
}

// checkKey says what is wrong with the key of a setting of systemd: it stands in
// the wrong section, or looks like another one. Other unknown keys are systemd's
// to judge, which may be newer.
func checkKey(section, key string) error {
	if _, known := Since(section, key); known || strings.HasPrefix(key, "X-") {
		return nil
	}
	var names []string
	for setting := range systemdSettings() {
		if setting.section == section {
			names = append(names, setting.key)
		}
	}
	for _, other := range Passed {
		if _, known := Since(other, key); known {
			return fmt.Errorf("no setting of [%s], wanted it in [%s]", section, other)
		}
	}
	slices.Sort(names)
	if meant := nearest(key, names, 2); meant != "" {
		return fmt.Errorf("unknown setting in [%s], did you mean %q?", section, meant)
	}
	return nil
}
