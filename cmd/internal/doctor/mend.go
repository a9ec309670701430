package doctor

import (
	"slices"
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/rollout"
)

// systemctl is a command for the manager of the cluster.
func (c Cluster) systemctl(args ...string) string {
	return c.command("systemctl", args)
}

func (c Cluster) clusterctl(args ...string) string {
	return c.command("clusterctl", args)
}

func (c Cluster) command(program string, args []string) string {
	if c.User {
		program += " --user"
	}
	return program + " " + strings.Join(args, " ")
}

// roll is a rolling restart as the last part of a command, if there is anybody
// to restart.
func (c Cluster) roll() string {
	if rollout.IsStopped(c.Cluster) {
		return ""
	}
	return " && " + c.clusterctl("rollout restart", c.Name)
}

// apply makes the cluster what its .cluster file says. One that is stopped stays
// stopped.
func (c Cluster) apply() string {
	switch {
	case c.Spec.Path == "":
		return c.clusterctl("generate --name", c.Name, "--exec ... --listen ... --install   # as it was made")
	case rollout.IsStopped(c.Cluster):
		return c.clusterctl("generate", quote(c.Spec.Path), "--install")
	}
	return c.clusterctl("apply", quote(c.Spec.Path))
}

// withoutKey takes a setting away where a drop-in makes it, or writes the units
// anew if none does.
func (c Cluster) withoutKey(d units.Detail, section string, keys ...string) string {
	var files []string
	var lines []string
	for _, path := range d.DropInPaths {
		source := spec.Source{Path: path, Data: []byte(c.Files[path])}
		for _, key := range keys {
			if _, sets := spec.DropInSets(source, section, key); !sets {
				continue
			}
			if !slices.Contains(files, path) {
				files = append(files, path)
			}
			if line := `-e '/^[[:space:]]*` + key + `[[:space:]]*=/d'`; !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	if len(files) == 0 {
		return c.apply()
	}
	for i, file := range files {
		files[i] = quote(file)
	}
	return "sed -i " + strings.Join(lines, " ") + " " + strings.Join(files, " ") + " && " + c.systemctl("daemon-reload")
}

// adding is a command that adds a drop-in to the .cluster file, or to the workers'
// unit if there is none, and has it take effect.
func (c Cluster) adding(name, text string) string {
	if c.Spec.Path != "" {
		dir := quote(c.Spec.Path + ".d")
		return "mkdir -p " + dir + " && printf '" + text + "' > " + dir + "/" + name + " && " + c.apply()
	}
	dir := "/etc/systemd/system/"
	if c.User {
		dir = "~/.config/systemd/user/"
	}
	dir += c.Name + "@.service.d"
	return "mkdir -p " + dir + " && printf '" + text + "' > " + dir + "/" + name + " && " + c.systemctl("daemon-reload") + c.roll()
}

// quote is a word for a shell.
func quote(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-@+=:,"
	if strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
