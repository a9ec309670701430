package generator

import (
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

func TestOrigin(t *testing.T) {
	text := []byte("[Cluster]\nListen=http=8080\n[Service]\nExecStart=/bin/true\n")
	for _, source := range []string{"/etc/clusterctl/web.cluster", "/srv/a. b/web.cluster", ""} {
		c, err := spec.Parse("web.cluster", text)
		if err != nil {
			t.Fatal(err)
		}
		c.Path = source
		files, err := Generate(c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			cluster, from, ours := Origin(file.Data)
			if cluster != "web" || from != source || !ours {
				t.Errorf("%s: got %q, %q, %t, wanted %q", file.Name, cluster, from, ours, source)
			}
		}
	}
	if _, _, ours := Origin([]byte("[Unit]\nDescription=Written by clusterctl\n")); ours {
		t.Error("a unit of somebody else's is ours")
	}
}
