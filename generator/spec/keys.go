package spec

import (
	"fmt"
	"slices"
	"strings"
)

// Key is one key of a .cluster file, and what there is to say of it.
type Key struct {
	Section, Name string
	Takes         string // what a value looks like
	Default       string
	Means         string // sentences
}

// Keys are the whole vocabulary of [Cluster] and [Rollout], in the order in which
// Format writes them. The parser reads the same tables.
func Keys() []Key {
	unset := newCluster("", "")
	var keys []Key
	for _, k := range clusterKeys {
		keys = append(keys, Key{"Cluster", k.name, k.takes, strings.Join(k.values(unset), " "), k.means})
	}
	for _, k := range policyKeys {
		keys = append(keys, Key{"Rollout", k.name, k.takes, k.write(DefaultPolicy()), k.means})
	}
	return keys
}

// Explain is the key of this name. Case does not matter; the error names the key
// that is nearest, systemd's among them.
func Explain(name string) (Key, error) {
	names := []string{}
	for _, key := range Keys() {
		if strings.EqualFold(key.Name, name) {
			return key, nil
		}
		names = append(names, key.Name)
	}
	for setting := range systemdSettings() {
		names = append(names, setting.key)
	}
	slices.Sort(names)
	if near := nearest(name, names, 3); near != "" {
		return Key{}, fmt.Errorf("%q: no key of a .cluster file, did you mean %q?", name, near)
	}
	return Key{}, fmt.Errorf("%q: no key of a .cluster file", name)
}

// Refused is why a setting of systemd can't be in a cluster, or not with every
// value, if so.
func Refused(section, key string) (reason string, ok bool) {
	for _, r := range refusals {
		if r.section == section && slices.Contains(r.keys, key) {
			return r.reason, true
		}
	}
	return "", false
}
