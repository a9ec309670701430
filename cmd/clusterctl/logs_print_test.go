package main

import (
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/cmd/internal/table"
)

func TestLogFormat(t *testing.T) {
	entry := func(fields string) journal.Entry {
		e, err := journal.Decode([]byte(`{"__REALTIME_TIMESTAMP":"1795689583494316","_PID":"7","_SYSTEMD_UNIT":"web@3.service",` + fields + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	stamp := entry(`"MESSAGE":""`).Time.Local().Format(logTime)
	plain, coloured := logPrinter{cluster: "web"}, logPrinter{cluster: "web", shown: table.Output{Colour: true}}
	tests := []struct {
		name    string
		printer logPrinter
		fields  string
		want    string
	}{
		{"a line", plain, `"MESSAGE":"hello"`, stamp + " web@3[7]: hello\n"},
		{"two lines", plain, `"MESSAGE":"a\nb"`, stamp + " web@3[7]: a\n" + strings.Repeat(" ", len(stamp+" web@3[7]: ")) + "b\n"},
		{"what would move the cursor", plain, `"MESSAGE":[104,27,91,50,74,9,13]`, stamp + " web@3[7]: h\\x1b[2J\t\\r\n"},
		{"a worker's colour", coloured, `"MESSAGE":"hello"`, stamp + " \x1b[35mweb@3\x1b[0m[7]: hello\n"},
		{"an error", coloured, `"MESSAGE":"oh","PRIORITY":"3"`, stamp + " \x1b[35mweb@3\x1b[0m[7]: \x1b[31moh\x1b[0m\n"},
	}
	for _, test := range tests {
		if got := test.printer.format(entry(test.fields)); got != test.want {
			t.Errorf("%s:\ngot  %q\nwant %q", test.name, got, test.want)
		}
	}
}

func TestWorkerColours(t *testing.T) {
	p := logPrinter{cluster: "web"}
	if p.workerStyle("web@1.service") == p.workerStyle("web@2.service") {
		t.Error("neighbours look the same")
	}
	if before := p.workerStyle("web@blue.service"); before != p.workerStyle("web@blue.service") {
		t.Error("a worker has one colour")
	}
	if p.workerStyle("clusterctl-rollout-web.service") == p.workerStyle("web@1.service") {
		t.Error("a rollout looks like a worker")
	}
}

func TestSplitWorkers(t *testing.T) {
	for _, test := range []struct {
		args    []string
		cluster string
		workers int
	}{{[]string{"web"}, "web", 0}, {[]string{"web@3"}, "web", 1}, {[]string{"web@3.service"}, "web", 1}, {[]string{"web", "@3", "@5"}, "web", 2}, {[]string{"web@3", "web@5.service"}, "web", 2}} {
		cluster, instances := splitWorkers(test.args)
		if cluster != test.cluster || len(instances) != test.workers || len(instances) > 0 && instances[0] != "3" {
			t.Errorf("%q: %q %q", test.args, cluster, instances)
		}
	}
}
