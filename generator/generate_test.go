package generator

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

var update = flag.Bool("update", false, "write the golden files anew")

// specs are the clusters whose units are kept as golden files.
var specs = map[string]string{
	"web": "[Cluster]\nWorkers=4\nListen=http=0.0.0.0:8080\n[Rollout]\nHealth=http /healthz\n[Service]\nExecStart=/usr/bin/true --instance %i\nUser=www-data\n",
	"two": "[Cluster]\nListen=http=8080\nListen=http=[::1]:8081\nListen=internal=/run/two.sock\n[Unit]\nAfter=network-online.target\n[Socket]\nBacklog=1024\n[Service]\nType=exec\nRestartSec=5s\nExecStart=/usr/bin/true\n",
	"all": "[Cluster]\nWorkers=50%\nStart=lazy\nListen=http=[::]:8080 backlog=512\nListen=dns=udp:53\nListen=ctl=/run/all.sock mode=0660 user=www-data\n[Service]\nExecStart=/usr/bin/true\n[Slice]\nMemoryMax=1G\n[Install]\nAlias=everything.service\n",
}

func generate(t *testing.T, name string) []File {
	t.Helper()
	c, err := spec.Parse("/etc/clusterctl/"+name+".cluster", []byte(specs[name]))
	if err != nil {
		t.Fatal(err)
	}
	files, err := Generate(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestGenerate_Golden(t *testing.T) {
	for name := range specs {
		dir := filepath.Join("testdata", "golden", name)
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, file := range generate(t, name) {
			path := filepath.Join(dir, file.Name)
			if *update {
				if err := os.WriteFile(path, file.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(file.Data, want) {
				t.Errorf("%s differs; make golden writes it anew:\n%s", path, file.Data)
			}
		}
	}
}

func TestGenerate_SameBytesEachTime(t *testing.T) {
	for name := range specs {
		first := generate(t, name)
		for range 20 {
			for i, file := range generate(t, name) {
				if file.Name != first[i].Name || !bytes.Equal(file.Data, first[i].Data) {
					t.Fatalf("%s differs from run to run", file.Name)
				}
			}
		}
	}
}

func TestGenerate_GoldenPassesSystemdAnalyzeVerify(t *testing.T) {
	for name, text := range specs {
		c, err := spec.Parse(name+".cluster", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		files, err := Generate(c, Options{Binary: "/usr/bin/true"})
		if err != nil {
			t.Fatal(err)
		}
		verify(t, files, System)
	}
}
