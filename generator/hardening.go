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
		{"Ports below 1024 are systemd's to bind: a worker needs no privilege.", "CapabilityBoundingSet", spec.Last(c.Sections["Service"], "AmbientCapabilities")},
		{"Nothing on disk can be written but what StateDirectory=, LogsDirectory=, ReadWritePaths= and their like name.", "ProtectSystem", "strict"},
		{Key: "ProtectHome", Value: protectHome(c)},
		{Key: "PrivateTmp", Value: "yes"},
		{Key: "PrivateDevices", Value: "yes"},
		{"Processes of others, the kernel, the clock and the host's name are none of its business.", "ProtectProc", "invisible"},
		{Key: "ProtectClock", Value: "yes"},
		{Key: "ProtectHostname", Value: "yes"},
		{Key: "ProtectKernelTunables", Value: "yes"},
		{Key: "ProtectKernelModules", Value: "yes"},
		{Key: "ProtectKernelLogs", Value: "yes"},
		{Key: "ProtectControlGroups", Value: "yes"},
	})
}

// identity is the user of a worker that names none: one that exists while workers
// run, the same for all of them, so that they can share a StateDirectory=.
func identity(c *spec.Cluster) []line {
	set := c.Sections["Service"]
	dynamic, err := spec.ParseBool(spec.Last(set, "DynamicUser"))
	isStatic := spec.Has(set, "DynamicUser") && (err != nil || !dynamic)
	if spec.Has(set, "User") || spec.Has(set, "Group") || isStatic {
		return nil
	}
	lines := []line{{"Not root: a user that exists while workers run, the same for all of them.", "DynamicUser", "yes"}}
	if name := "cluster-" + c.Name; len(name) <= longestUser && !strings.ContainsAny(name, ".:") {
		lines = append(lines, line{Key: "User", Value: name})
	}
	return lines
}

// longestUser is how long the name of a user may be (systemd.exec(5)).
const longestUser = 31

// unprivilegedHardening works in a user manager too.
func unprivilegedHardening(c *spec.Cluster) []line {
	return []line{
		{"No way to more rights than it was started with.", "NoNewPrivileges", "yes"},
		{Key: "RestrictSUIDSGID", Value: "yes"},
		{Key: "RestrictNamespaces", Value: "yes"},
		{Key: "RestrictRealtime", Value: "yes"},
		{Key: "LockPersonality", Value: "yes"},
		{"What services call. Of @privileged that leaves setuid and chown, for programs that call them with the user that they have; a call that is not in it gets EPERM.", "SystemCallFilter", "@system-service"},
		{Key: "SystemCallErrorNumber", Value: "EPERM"},
		{Key: "SystemCallArchitectures", Value: "native"},
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
