// Package tests holds what is tested across packages. The layering test keeps
// the imports pointing down.
package tests

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/clusterctl/clusterctl/"

// layers says what a package must never reach, directly or through others.
var layers = []struct {
	pkg    string
	never  []string
	reason string
}{
	{"activation", []string{"github.com/godbus", "github.com/spf13", "golang.org/x/net", module}, "workers pay for what they import"},
	{"templates", []string{"github.com", "golang.org", module}, "the unit texts are a leaf"},
	{"generator/spec", []string{"github.com/godbus", "github.com/coreos", "github.com/spf13", module}, "the spec is a leaf that every layer reads"},
	{"generator", []string{"github.com/godbus", "github.com/coreos/go-systemd/v22/dbus", "github.com/spf13", module + "units"}, "it runs in a package build, where there is no bus"},
	{"units", []string{"github.com", "golang.org", module}, "the vocabulary is a leaf"},
	{"units/bus", []string{"github.com/spf13", "net/http", module + "units/rollout", module + "units/health", module + "generator"}, "it only talks to systemd"},
	{"units/health", []string{"github.com/godbus", "github.com/spf13", module + "units/bus", module + "units/rollout"}, "it only asks workers"},
	{"units/admin", []string{"github.com", module}, "it only asks workers"},
	{"units/listener", []string{"github.com/godbus", "github.com/spf13", module}, "it only reads from the kernel"},
	{"units/release", []string{"github.com/godbus", "github.com/coreos", "github.com/spf13", module + "units/bus", module + "units/rollout"}, "it only keeps files"},
	{"cmd/internal/apply", []string{"github.com/godbus", "github.com/spf13", module + "units/bus", module + "units/rollout", module + "generator"}, "what is to be done is decided without systemd"},
	{"cmd/internal/overview", []string{"github.com/godbus", "github.com/spf13", module + "units/bus"}, "what is shown is decided without systemd"},
	{"cmd/internal/doctor", []string{"github.com/godbus", "github.com/spf13", "net/http", "os/exec", module + "units/bus", module + "units/admin"}, "a check decides and reads nothing"},
	{"cmd/internal/survey", []string{"github.com/godbus", "github.com/spf13", module + "units/bus"}, "what is asked of systemd stands in an interface"},
	{"cmd/internal/metrics", []string{"github.com/godbus", "github.com/spf13", module + "units/bus"}, "what the metrics say is decided without systemd"},
	{"cmd/clusterctl", []string{"github.com/prometheus", "google.golang.org/protobuf"}, "they would make it larger and slower to start; the exporter has them"},
	{"cmd/internal/journal", []string{"github.com/spf13", "github.com/godbus", "golang.org", module}, "it only knows the journal"},
	{"cmd/internal/events", []string{"github.com/godbus", "github.com/spf13", "net/http", module + "units/bus", module + "units/health"}, "it makes events of what was read, and reads nothing"},
	{"cmd/internal/table", []string{"github.com", module}, "it only lays out text"},
	{"cmd/internal/claim", []string{"github.com", "golang.org", module}, "it only keeps a lock"},
	{"cmd/internal/top", []string{"github.com/godbus", "github.com/spf13", module + "units/bus"}, "what is shown is decided without systemd"},
	{"units/rollout", []string{"github.com/godbus", "github.com/coreos", "github.com/spf13", "net/http", module + "units/bus", module + "units/health"}, "decisions must run without systemd"},
}

// only names the packages that may import a library themselves.
var only = []struct {
	library string
	by      []string
	reason  string
}{
	{"github.com/spf13/cobra", []string{"cmd/clusterctl"}, "flags and words to people stay in one place"},
	{"charm.land/bubbletea/v2", []string{"cmd/internal/top"}, "one package draws on terminals"},
	{"github.com/vishvananda/netlink/nl", []string{"units/listener"}, "one package asks the kernel for sockets"},
	{"github.com/godbus/dbus/v5", []string{"units/bus"}, "one package speaks D-Bus"},
	{"github.com/coreos/go-systemd/v22/dbus", []string{"units/bus"}, "one package speaks D-Bus"},
	{"github.com/coreos/go-systemd/v22/activation", []string{"activation"}, "one package takes the descriptors"},
	{"github.com/prometheus/client_golang/prometheus", []string{"cmd/internal/metrics", "cmd/clusterctl-exporter"}, "one package knows the families"},
	{"github.com/coreos/go-systemd/v22/journal", []string{"cmd/internal/journal"}, "one package knows the journal"},
	{"github.com/coreos/go-systemd/v22/daemon", []string{"activation", "cmd/clusterctl"}, "the library notifies for workers, the command for its own rollout unit"},
}

type goPackage struct {
	ImportPath    string
	Imports, Deps []string
}

func TestLayers(t *testing.T) {
	packages := listPackages(t)
	for _, layer := range layers {
		pkg, ok := packages[module+layer.pkg]
		if !ok {
			t.Errorf("package %s has gone: take its rule away or mend it", layer.pkg)
			continue
		}
		for _, dep := range pkg.Deps {
			if dep != pkg.ImportPath && !strings.HasPrefix(dep, pkg.ImportPath+"/") && isForbidden(dep, pkg.ImportPath, layer.never) {
				t.Errorf("%s reaches %s, and must not: %s", layer.pkg, dep, layer.reason)
			}
		}
	}
}

func TestLibrariesStayInTheirPackage(t *testing.T) {
	for path, pkg := range listPackages(t) {
		name := strings.TrimPrefix(path, module)
		if strings.HasPrefix(name, "tests") {
			continue
		}
		for _, rule := range only {
			if slices.Contains(pkg.Imports, rule.library) && !slices.Contains(rule.by, name) {
				t.Errorf("%s imports %s, which is for %q: %s", name, rule.library, rule.by, rule.reason)
			}
		}
	}
}

// allowed are the exceptions to "nothing of ours": the layers below.
var allowed = map[string][]string{
	module + "generator":     {module + "generator/spec", module + "templates"},
	module + "units/bus":     {module + "units"},
	module + "units/health":  {module + "units", module + "generator/spec"},
	module + "units/rollout": {module + "units", module + "generator/spec"},
}

func isForbidden(dep, pkg string, never []string) bool {
	if slices.Contains(allowed[pkg], dep) {
		return false
	}
	return slices.ContainsFunc(never, func(prefix string) bool { return strings.HasPrefix(dep, prefix) })
}

func listPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := make(map[string]goPackage)
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for decoder.More() {
		var pkg goPackage
		if err := decoder.Decode(&pkg); err != nil {
			t.Fatalf("go list: %v", err)
		}
		if strings.HasPrefix(pkg.ImportPath, module) {
			packages[pkg.ImportPath] = pkg
		}
	}
	return packages
}
