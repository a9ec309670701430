package e2e

import (
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// Workers in other languages, each with the .cluster file that it ships with.
func TestRolloutRestart_OtherLanguagesLoseNothing(t *testing.T) {
	for _, language := range []struct {
		name, program, apt string
		files              []string
	}{
		{"node", "/usr/bin/node", "nodejs", []string{"server.js"}},
		{"python", "/usr/bin/python3", "python3", []string{"worker.py"}},
		{"gunicorn", "/usr/bin/gunicorn", "gunicorn", []string{"app.py", "gunicorn.conf.py"}},
		{"uvicorn", "/usr/bin/uvicorn", "uvicorn", []string{"app.py", "serve.py"}},
		{"puma", "/usr/bin/puma", "puma", []string{"config.ru", "puma.rb"}},
	} {
		t.Run(language.name, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(language.program); err != nil {
				t.Fatalf("%v\ninstall it: apt-get install --no-install-recommends %s", err, language.apt)
			}
			s := newStage(t, "")
			source := filepath.Join(stage.Root(), "tests", "worker", language.name)
			for _, name := range language.files {
				if err := s.CopyFile(filepath.Join(source, name), path.Join("/opt/workers", language.name, name), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			spec, err := os.ReadFile(filepath.Join(source, "web.cluster"))
			if err != nil {
				t.Fatal(err)
			}
			web := startWeb(t, s, string(spec))
			for _, mode := range []load.Mode{load.KeepAlive, load.NewConnection} {
				t.Run(string(mode), func(t *testing.T) { rollUnderLoad(t, web, mode, 2) })
			}
		})
	}
}
