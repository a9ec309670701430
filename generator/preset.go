package generator

import (
	"bytes"
	"fmt"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/templates"
)

// Preset says which units of a cluster a package enables: the cluster, its
// sockets, and so many workers as the file says (systemd.preset(5)). It weighs
// less than what an administrator says, and more than a general "disable *".
func Preset(c *spec.Cluster, o Options) (File, error) {
	number, ok := c.Workers.Number()
	if !ok {
		return File{}, fmt.Errorf(`%s: Workers=%s is counted where the cluster runs: wanted a number, or a package with the .cluster file alone, of which clusterctl-generator makes the units there`,
			c.Path, c.Workers)
	}
	preset := struct {
		input
		Units     []string
		Instances []int
	}{input: newInput(c, o)}
	for _, l := range listeners(c) {
		preset.Units = append(preset.Units, l.Unit)
	}
	for i := range number {
		preset.Instances = append(preset.Instances, i+1)
	}
	var text bytes.Buffer
	if err := templates.Units().ExecuteTemplate(&text, "preset.tmpl", preset); err != nil {
		return File{}, fmt.Errorf("generate the preset of %q: %w", c.Name, err)
	}
	return File{Name: "80-" + c.Name + ".preset", Data: text.Bytes()}, nil
}
