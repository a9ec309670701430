package units

import "strings"

// ServiceName is the unit that is the cluster itself: "web" -> "web.service".
func ServiceName(cluster string) string { return cluster + ".service" }

// SocketName is the unit of the shared listeners: "web" -> "web.socket".
func SocketName(cluster string) string { return cluster + ".socket" }

// RolloutName is the unit in which a rollout of the cluster runs: "web" ->
// "clusterctl-rollout-web.service".
func RolloutName(cluster string) string { return "clusterctl-rollout-" + cluster + ".service" }

// WorkerName is the unit of one worker: "web", "3" -> "web@3.service".
func WorkerName(cluster, instance string) string { return cluster + "@" + instance + ".service" }

// AdminName is the socket unit of one worker's own socket: "web", "3" ->
// "web-admin@3.socket".
func AdminName(cluster, instance string) string { return cluster + "-admin@" + instance + ".socket" }

// WorkerPattern matches every worker of the cluster, as in systemctl(1).
func WorkerPattern(cluster string) string { return WorkerName(cluster, "*") }

// Instance is the instance name (%i) of a worker of the cluster, and false for
// any other unit: "web", "web@3.service" -> "3", true.
func Instance(cluster, unit string) (string, bool) {
	rest, ok := strings.CutPrefix(unit, cluster+"@")
	if !ok {
		return "", false
	}
	instance, ok := strings.CutSuffix(rest, ".service")
	return instance, ok && instance != ""
}

// CompareInstances orders instance names as numbers where they are numbers, so
// that worker 10 comes after worker 9, and other names behind the numbers.
func CompareInstances(a, b string) int {
	numberA, numberB := isNumber(a), isNumber(b)
	switch {
	case numberA && numberB:
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		if len(a) != len(b) {
			return len(a) - len(b)
		}
	case numberA:
		return -1
	case numberB:
		return 1
	}
	return strings.Compare(a, b)
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
