package survey

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/cmd/internal/doctor"
	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/release"
)

// fake is a systemd with one cluster.
type fake struct {
	Systemd
	cluster units.Cluster
	details map[string]units.ServiceDetail
	asked   int
	away    error
}

func (f *fake) Version(context.Context) (int, error) { return 257, f.away }
func (f *fake) Look(context.Context, string) (units.Cluster, error) {
	return f.cluster, f.away
}
func (f *fake) ServiceDetail(_ context.Context, name string) (units.ServiceDetail, error) {
	f.asked++
	return f.details[name], nil
}
func (f *fake) SocketDetail(context.Context, string) (units.SocketDetail, error) {
	return units.SocketDetail{}, nil
}
func (f *fake) UnitFiles(_ context.Context, name string) (string, []string, error) {
	d := f.details[name]
	return d.FragmentPath, d.DropInPaths, nil
}
func (f *fake) ReadService(context.Context, string) (units.Service, error) {
	return units.Service{Unit: units.Unit{ActiveState: units.Inactive}}, nil
}

// installed is a cluster of three stopped workers whose units lie in a directory.
func installed(t *testing.T) (*fake, Surveyor, string) {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "web.cluster")
	write(t, source, "[Cluster]\nWorkers=3\nListen=http=127.0.0.1:8080\n[Service]\nExecStart=bin/server\n")
	found, err := generator.FindFile(source, nil)
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := found.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := generator.Generate(cluster, generator.Options{Systemd: 257})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := generator.Write(dir, []generator.Set{{Cluster: "web", Files: files}}); err != nil {
		t.Fatal(err)
	}
	service, worker := filepath.Join(dir, "web.service"), filepath.Join(dir, "web@.service")
	f := &fake{details: map[string]units.ServiceDetail{"web.service": {Detail: units.Detail{FragmentPath: service}}}}
	f.cluster = units.Cluster{Name: "web", Service: units.Unit{Name: "web.service", LoadState: units.Loaded}, PolicyFiles: []string{service}}
	for _, instance := range []string{"1", "2", "3"} {
		name := units.WorkerName("web", instance)
		f.cluster.Workers = append(f.cluster.Workers, units.Worker{Unit: units.Unit{Name: name, LoadState: units.Loaded}, Instance: instance, Enabled: true})
		f.details[name] = units.ServiceDetail{Detail: units.Detail{FragmentPath: worker}}
	}
	return f, Surveyor{Systemd: f, StateDir: filepath.Join(dir, "state"), RuntimeDir: dir}, dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, s Surveyor) (doctor.Cluster, []Unseen) {
	t.Helper()
	c, unseen, err := s.Cluster(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	return c, unseen
}

func TestSurveyor_Units(t *testing.T) {
	f, s, dir := installed(t)
	dropIn := filepath.Join(dir, "web@3.service.d", "mine.conf")
	write(t, dropIn, "[Service]\nNice=3\n")
	third := f.details["web@3.service"]
	third.DropInPaths = []string{dropIn}
	f.details["web@3.service"] = third

	c, _ := look(t, s)
	if f.asked != 3 {
		t.Errorf("asked %d times for details, wanted the cluster, one for two workers, and the one with a drop-in", f.asked)
	}
	if !strings.Contains(c.Files[dropIn], "Nice=3") || !c.HasReleases || c.PolicyErr != nil {
		t.Errorf("files %q, releases %t, policy %v", c.Files, c.HasReleases, c.PolicyErr)
	}
	if c.Spec.Path != filepath.Join(dir, "web.cluster") || c.Spec.Workers != 3 || !c.Spec.AtBoot || c.Spec.Err != nil || len(c.Spec.Drift) > 0 {
		t.Errorf("spec %+v", c.Spec)
	}
}

func TestSurveyor_Drift(t *testing.T) {
	_, s, dir := installed(t)
	source := filepath.Join(dir, "web.cluster")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	packaged, err := spec.Parse(source, text)
	if err != nil {
		t.Fatal(err)
	}
	files, err := generator.Generate(packaged, generator.Options{Systemd: spec.OldestSystemd})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := generator.Write(dir, []generator.Set{{Cluster: "web", Files: files}}); err != nil {
		t.Fatal(err)
	}
	if c, _ := look(t, s); len(c.Spec.Drift) > 0 {
		t.Errorf("units for the oldest systemd, as a package has them, are drift: %q", c.Spec.Drift)
	}
	write(t, source, string(text)+"Nice=3\n")
	if c, _ := look(t, s); len(c.Spec.Drift) != 1 || c.Spec.Drift[0] != "web@.service" {
		t.Errorf("drift %q", c.Spec.Drift)
	}
	write(t, source, string(text)+"[Nonsense]\n")
	if c, _ := look(t, s); c.Spec.Err == nil || c.Spec.Workers != 0 {
		t.Errorf("a file with a fault: %+v", c.Spec)
	}
	if err := os.Remove(source); err != nil {
		t.Fatal(err)
	}
	if c, _ := look(t, s); c.Spec.Err == nil {
		t.Errorf("a file that has gone: %+v", c.Spec)
	}
}

func TestSurveyor_Releases(t *testing.T) {
	_, s, dir := installed(t)
	store := release.Store{Dir: filepath.Join(s.StateDir, "web")}
	source := filepath.Join(dir, "build")
	write(t, filepath.Join(source, "bin/server"), "#!")
	for _, name := range []string{"v1", "v2"} {
		if _, err := store.Add(name, source); err != nil {
			t.Fatal(err)
		}
	}
	for instance, name := range map[string]string{"1": "v2", "9": "v1"} { // 9 is a worker that has gone
		if err := store.Switch(instance, name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"v1", "v2"} {
		write(t, filepath.Join(store.Dir, "releases", name, "more"), "")
	}
	c, unseen := look(t, s)
	blind := slices.ContainsFunc(unseen, func(u Unseen) bool { return strings.Contains(u.What, "release") })
	if c.Links["1"] != "v2" || len(c.Releases) != 2 || !c.Sources["v2"] || c.Free == 0 || blind {
		t.Errorf("links %q, releases %v, sources %v, free %d, unseen %v", c.Links, c.Releases, c.Sources, c.Free, unseen)
	}
	if !errors.Is(c.Changed["v2"], release.ErrChanged) || c.Changed["v1"] != nil {
		t.Errorf("changed %v, wanted v2 alone: nobody runs v1", c.Changed)
	}
}

func TestSurveyor_NoCluster(t *testing.T) {
	f, s, _ := installed(t)
	f.cluster = units.Cluster{Name: "web", Service: units.Unit{Name: "web.service", LoadState: units.NotFound}}
	if c, unseen := look(t, s); c.Service.LoadState != units.NotFound || len(unseen) > 0 || f.asked > 0 {
		t.Errorf("%+v, unseen %v", c.Service, unseen)
	}
	f.away = errors.New("the bus has gone")
	if _, _, err := s.Cluster(t.Context(), "web"); !errors.Is(err, f.away) {
		t.Errorf("got %v", err)
	}
}

func TestParent(t *testing.T) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	if pid, err := parent(string(stat)); err != nil || int(pid) != os.Getppid() {
		t.Errorf("parent %d, %v, wanted %d", pid, err, os.Getppid())
	}
	if pid, err := parent("7 (a) S name) R 5 6"); err != nil || pid != 5 {
		t.Errorf("a name with a bracket: %d, %v", pid, err)
	}
	if _, err := parent(""); err == nil {
		t.Error("nothing has a parent")
	}
}

// What is ahead of the clock is asked of the journal, and what can't be read is
// told.
func TestSurveyor_Host(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin) // no journalctl
	host, unseen := Surveyor{Systemd: &fake{away: errors.New("the bus has gone")}}.Host(t.Context())
	if len(unseen) != 2 || !host.Future.IsZero() {
		t.Errorf("host %+v, unseen %v", host, unseen)
	}
	const journalctl = "#!/bin/sh\ncase \"$*\" in *--lines=1*--since=@*) ;; *) exit 1 ;; esac\necho '{\"__REALTIME_TIMESTAMP\":\"4000000000000000\"}'\n"
	write(t, filepath.Join(bin, "journalctl"), journalctl)
	if err := os.Chmod(filepath.Join(bin, "journalctl"), 0o755); err != nil {
		t.Fatal(err)
	}
	host, unseen = Surveyor{Systemd: &fake{}}.Host(t.Context())
	if len(unseen) > 0 || host.Systemd != 257 || host.Future.Unix() != 4_000_000_000 {
		t.Errorf("host %+v, unseen %v", host, unseen)
	}
	if found := doctor.ExamineHost(host); len(found) != 1 || found[0].Check != "journal-clock" {
		t.Errorf("found %+v", found)
	}
}
