package generator

import (
	"fmt"
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// Explain is what there is to say of a key of a .cluster file, in lines for a
// person: of ours what it means, of systemd's where it goes, what it is by default
// and why, and what is refused. The error names keys that are near.
func Explain(name string, o Options) (string, error) {
	var text strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	key, err := spec.Explain(name)
	if err == nil {
		say("[%s] %s=", key.Section, key.Name)
		say("    takes       %s", key.Takes)
		if key.Default != "" {
			say("    by default  %s", key.Default)
		}
		say("%s", key.Means)
	}
	for _, setting := range spec.SettingsNamed(name) {
		say("[%s] %s=", setting.Section, setting.Key)
		say("    goes to     %s", goesTo[setting.Section])
		if setting.Since > spec.OldestSystemd {
			say("    since       systemd %d", setting.Since)
		}
		sayDefault(say, setting, o)
		if reason, ok := spec.Refused(setting.Section, setting.Key); ok {
			say("    refused     all or some values: %s", reason)
		}
	}
	if text.Len() == 0 {
		return "", err
	}
	return text.String(), nil
}

func sayDefault(say func(string, ...any), setting spec.SystemdSetting, o Options) {
	for _, d := range ServiceDefaults(o) {
		if setting.Section == "Service" && d.Key == setting.Key {
			say("    by default  %s", d.Value)
			say("    for         %s", d.Why)
		}
	}
}

// goesTo says to which units a section goes, by its name.
var goesTo = map[string]string{
	"Unit":    "the workers, NAME@.service (systemd.unit(5))",
	"Service": "the workers, NAME@.service (systemd.service(5), systemd.exec(5))",
	"Socket":  "the listeners, NAME.socket (systemd.socket(5))",
	"Slice":   "the slice of all workers (systemd.resource-control(5))",
	"Install": "the cluster, NAME.service (systemd.unit(5))",
}
