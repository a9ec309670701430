package generator

import (
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

func TestPreset(t *testing.T) {
	for name, want := range map[string]string{
		"web": "enable web.service\nenable web.socket\nenable web@.service 1 2 3 4\n",
		"two": "enable two.service\nenable two.socket\nenable two-internal.socket\nenable two@.service 1 2\n",
		"all": "",
	} {
		c, err := spec.Parse("/usr/lib/clusterctl/"+name+".cluster", []byte(specs[name]))
		if err != nil {
			t.Fatal(err)
		}
		preset, err := Preset(c, Options{})
		if want == "" {
			if err == nil || !strings.HasPrefix(err.Error(), "/usr/lib/clusterctl/all.cluster: Workers=50% is counted where the cluster runs") {
				t.Errorf("%s: a share of the CPUs: %v", name, err)
			}
			continue
		}
		var got strings.Builder
		for line := range strings.Lines(string(preset.Data)) {
			if strings.HasPrefix(line, "enable ") {
				got.WriteString(line)
			}
		}
		if err != nil || preset.Name != "80-"+name+".preset" || got.String() != want {
			t.Errorf("%s: %v\n%s\nwanted\n%s", preset.Name, err, got.String(), want)
		}
		if of, ours := owner(preset.Data); !ours || of != name {
			t.Errorf("%s: the owner is %q, %v", preset.Name, of, ours)
		}
	}
}
