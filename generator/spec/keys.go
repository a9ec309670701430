package spec

import (
	"fmt"
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
// that is nearest.
func Explain(name string) (Key, error) {
	var names []string
	for _, key := range Keys() {
		if strings.EqualFold(key.Name, name) {
			return key, nil
		}
		names = append(names, key.Name)
	}
	return Key{}, fmt.Errorf("%q: no key of [Cluster] or [Rollout]%s", name, didYouMean(name, names))
}

// Refused is why a setting of systemd can't be in a cluster, with the sections
// that it stands in, if it can't. Some are refused with certain values only.
func Refused(name string) (section, reason string, ok bool) {
	for _, r := range refusals {
		for _, key := range r.keys {
			if strings.EqualFold(key, name) {
				return r.section, r.reason, true
			}
		}
	}
	return "", "", false
}
