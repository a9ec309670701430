package generator

import (
	"slices"
	"strings"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// hardening are the settings that keep a worker from what a network service does
// not need: "systemd-analyze security" gives a worker 2.0 or better. What just-in-
// time compilers need stays allowed (no MemoryDenyWriteExecute=), and so does
// /proc/cpuinfo (no ProcSubset=), which Node and others read.
func hardening(c *spec.Cluster, o Options) []line {
	if !c.Hardening {
		return nil
	}
	lines := unprivilegedHardening(c)
	if o.Mode == User {
		return lines // the rest needs root, and a user manager has none
	}
	return slices.Concat(identity(c), lines, []line{
		{"No privilege: ports below 1024 are systemd's to bind.", "CapabilityBoundingSet", strings.Join(spec.All(c.Sections["Service"], "AmbientCapabilities"), " ")},
		{"Nothing can be written but what StateDirectory=, LogsDirectory=, ReadWritePaths= and their like name.", "ProtectSystem", "strict"},
		{"Home directories are people's; a program that lives in one may read them.", "ProtectHome", protectHome(c)},
		{"A /tmp of its own: no other service can foresee or read its files.", "PrivateTmp", "yes"},
		{"No device but /dev/null, /dev/urandom and their like.", "PrivateDevices", "yes"},
		{"Processes of other users can't be seen.", "ProtectProc", "invisible"},
		{"What belongs to the whole host is not a worker's to set: its clock,", "ProtectClock", "yes"},
		{"its name,", "ProtectHostname", "yes"},
		{"the settings of its kernel,", "ProtectKernelTunables", "yes"},
		{"the modules of its kernel,", "ProtectKernelModules", "yes"},
		{"the log of its kernel,", "ProtectKernelLogs", "yes"},
		{"and the limits of its services.", "ProtectControlGroups", "yes"},
	})
}

// identity is the user of a worker that names none: one that exists while workers
// run, the same for all of them, so that they can share a StateDirectory=.
func identity(c *spec.Cluster) []line {
	set := c.Sections["Service"]
	dynamic, err := spec.ParseBool(spec.Last(set, "DynamicUser"))
	isStatic := spec.Has(set, "DynamicUser") && (err != nil || !dynamic)
	if spec.Has(set, "User") || isStatic {
		return nil
	}
	lines := []line{{"Not root: a user that exists while workers run,", "DynamicUser", "yes"}}
	if name := "cluster-" + c.Name; len(name) <= longestUser && !strings.ContainsAny(name, ".:") {
		lines = append(lines, line{"the same for all of them, so that they can share a StateDirectory=.", "User", name})
	}
	return lines
}

// longestUser is how long the name of a user may be (systemd.exec(5)).
const longestUser = 31

// unprivilegedHardening works in a user manager too.
func unprivilegedHardening(c *spec.Cluster) []line {
	return []line{
		{"No program that it starts has more rights than it has.", "NoNewPrivileges", "yes"},
		{"No file that it makes gives its rights to whoever runs it.", "RestrictSUIDSGID", "yes"},
		{"No containers: namespaces are a way to the less trodden parts of the kernel.", "RestrictNamespaces", "yes"},
		{"No real-time scheduling, which could take a CPU from everybody.", "RestrictRealtime", "yes"},
		{"No emulation of other systems' calls.", "LockPersonality", "yes"},
		{"What services call. Of @privileged that leaves setuid and chown, for programs that call them with the user that they have.", "SystemCallFilter", "@system-service"},
		{"A call that is not among them gets this error, and programs know it.", "SystemCallErrorNumber", "EPERM"},
		{"No calls of another architecture, by which the filter could be passed.", "SystemCallArchitectures", "native"},
		{"AF_NETLINK is how the C library looks up the addresses of this host.", "RestrictAddressFamilies", addressFamilies(c)},
		{"What a worker writes is for itself and its group.", "UMask", "0027"},
	}
}

func addressFamilies(c *spec.Cluster) string {
	families := "AF_UNIX AF_INET AF_INET6 AF_NETLINK"
	if slices.ContainsFunc(c.Listen, spec.Listener.IsVsock) {
		families += " AF_VSOCK"
	}
	return families
}

// protectHome hides the home directories, unless the program lives in one.
func protectHome(c *spec.Cluster) string {
	for _, s := range c.Sections["Service"] {
		path := strings.TrimLeft(s.Value, `@-:+!|"'`)
		for _, home := range []string{"/home/", "/root/", "/run/user/"} {
			if strings.HasPrefix(path, home) {
				return "read-only"
			}
		}
	}
	return "yes"
}
